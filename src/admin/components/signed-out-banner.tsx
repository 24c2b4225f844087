/** Above every page while the server takes this browser for nobody's. The page itself stays: something may be typed into it. */
import { useEffect, useState } from 'react';
import { Banner } from './page-frame.tsx';
import { SESSION_SEEN } from './panel-client.ts';
import { SignInLink } from './save-problem.tsx';

export function SignedOutBanner() {
  const [signedIn, setSignedIn] = useState(true);
  useEffect(() => {
    const seen = (event: Event) => setSignedIn((event as CustomEvent<{ signedIn: boolean }>).detail.signedIn);
    window.addEventListener(SESSION_SEEN, seen);
    return () => window.removeEventListener(SESSION_SEEN, seen);
  }, []);
  if (signedIn) return null;
  return (
    <div className="ss-holds ss-signed-out" data-testid="signed-out">
      <Banner tone="red" icon="LogOut" title="You were signed out.">
        <SignInLink /> and go on here afterwards; what you typed stays.
      </Banner>
    </div>
  );
}
