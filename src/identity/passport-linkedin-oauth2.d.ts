declare module 'passport-linkedin-oauth2' {
  import OAuth2Strategy from 'passport-oauth2';

  /** Only what we use of version 2.0.0; it brings no types. */
  export class Strategy extends OAuth2Strategy {}
}
