/** The two hooks we use; the package comes without types. */
declare module 'react-redux' {
  export function useSelector<T>(selector: (state: never) => T): T;
  export function useDispatch(): (action: { type: string; data: unknown }) => void;
}
