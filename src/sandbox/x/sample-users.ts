/** Who exists in the sandbox's X before anybody has made up a user. */
export interface User {
  /** X's numeric id, as text. */
  readonly id: string;
  readonly name: string;
  /** Without the @. */
  readonly username: string;
  readonly email: string;
  readonly verifiedType: 'none' | 'blue' | 'business' | 'government';
  readonly subscriptionType: 'None' | 'Basic' | 'Premium' | 'PremiumPlus';
}

export const SAMPLE_USERS: readonly User[] = [
  {
    id: '1504823016379125761',
    name: 'Amara Okafor',
    username: 'amara_okafor',
    email: 'amara.okafor@example.com',
    verifiedType: 'none',
    subscriptionType: 'None',
  },
  {
    id: '2719046385',
    name: 'Jonas Lindqvist',
    username: 'jlindqvist',
    email: 'jonas.lindqvist@example.com',
    verifiedType: 'blue',
    subscriptionType: 'Premium',
  },
  {
    id: '1398260547713462272',
    name: 'Northwind Coffee Roasters',
    username: 'northwindcoffee',
    email: 'hello@northwind.example.com',
    verifiedType: 'business',
    subscriptionType: 'None',
  },
  {
    id: '874419203',
    name: 'Harbour City Library',
    username: 'harbourlibrary',
    email: 'desk@library.example.com',
    verifiedType: 'none',
    subscriptionType: 'None',
  },
];
