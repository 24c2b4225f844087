/** The two hooks we use, and what a test puts around them; the package comes without types. */
declare module 'react-redux' {
  export function useSelector<T>(selector: (state: never) => T): T;
  export function Provider(props: { store: never; children: import('react').ReactNode }): import('react').ReactElement;
  export function useDispatch(): (action: { type: string; data: unknown }) => void;
}
