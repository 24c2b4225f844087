import { useEffect, useState } from 'react';
import { useLocation } from 'react-router-dom';
import { api, HOLDS_CHANGED } from './panel-client.ts';

/** A hold in force, as admin/standing-orders.ts answers it. */
export interface StandingHold {
  id: string;
  scope: string;
  platform: string | null;
  team: string | null;
  account: { displayName: string; platform: string } | null;
  reason: string;
  createdAt: string;
  /** Null: the server ordered it itself. */
  createdBy: string | null;
  mayRelease: boolean;
  forecast: Forecast | null;
}

/** What releasing a hold would do. */
export interface Forecast {
  goOn: number;
  stay: number;
}

const REFRESH_MS = 10_000;

/** The holds that concern this person: read at every change of page, after every order, and every ten seconds while looked at. */
export function useStandingOrders(): { holds: StandingHold[]; total: number } {
  const [orders, setOrders] = useState<{ holds: StandingHold[]; total: number }>({ holds: [], total: 0 });
  const { pathname } = useLocation();
  useEffect(() => {
    let current = true;
    const load = async () => {
      if (document.hidden) return;
      const answer = await api.standingOrders();
      // While the server is away the last known orders stay: they are in force until somebody releases them.
      if (current && answer.ok) setOrders(answer.data as { holds: StandingHold[]; total: number });
    };
    void load();
    const timer = setInterval(() => void load(), REFRESH_MS);
    window.addEventListener(HOLDS_CHANGED, load);
    document.addEventListener('visibilitychange', load);
    return () => {
      current = false;
      clearInterval(timer);
      window.removeEventListener(HOLDS_CHANGED, load);
      document.removeEventListener('visibilitychange', load);
    };
  }, [pathname]);
  return orders;
}
