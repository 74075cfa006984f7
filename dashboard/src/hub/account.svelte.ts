/** Who uses this page, and what that person may do. A hub that knows no accounts lets everybody do everything. */

import { allows, type Role } from '../state/roles.ts';
import { ask, forgetOperatorKey, Refused } from './call.ts';
import { live } from './live.svelte.ts';

export interface Me {
  role: Role;
  account: string | null;
  via: 'session' | 'key' | 'this-machine' | 'demo';
  /** Until when, RFC 3339 or seconds since 1970. */
  expires_at?: string | number | null;
}

class Account {
  me: Me | null = $state.raw(null);
  /** Whether nobody has an account yet: the first one is made with the code on the hub's console. */
  isSetupNeeded = $state(false);
  /** Whether this hub knows accounts at all. */
  isKnown = $state(false);

  /** Whether a control for this role is to be there. */
  may(role: Role): boolean {
    return this.me === null ? !this.isKnown : allows(this.me.role, role);
  }

  /** Asks who this is; called whenever the hub is heard again, or refuses. */
  async load(): Promise<void> {
    try {
      this.me = (await ask<Me>('GET', '/api/v1/me')).value;
      this.isKnown = true;
      this.isSetupNeeded = false;
    } catch (error) {
      if (!(error instanceof Refused) || error.isSilence) return;
      this.me = null;
      this.isKnown = error.status !== 404;
      if (error.status === 401) await this.#lookForSetup();
    }
  }

  async #lookForSetup(): Promise<void> {
    const setup = await ask<{ is_needed: boolean }>('GET', '/api/v1/setup').catch(() => null);
    this.isSetupNeeded = setup?.value.is_needed ?? false;
    // A hub before accounts has a key alone.
    this.isKnown = setup !== null;
  }

  /** Makes the first account, and is it. */
  async setUp(code: string, account: string, password: string): Promise<void> {
    await ask('POST', '/api/v1/setup', { body: { code, account, password } });
    await this.#enter();
  }

  async logIn(account: string, password: string, remember: boolean): Promise<void> {
    await ask('POST', '/api/v1/session', { body: { account, password, remember } });
    await this.#enter();
  }

  async logOut(): Promise<void> {
    forgetOperatorKey();
    if (this.me?.via === 'session') await ask('DELETE', '/api/v1/session').catch(() => null);
    this.me = null;
    live.lock('You are signed out.');
  }

  async #enter(): Promise<void> {
    // A key that was used before would stand above the session.
    forgetOperatorKey();
    await this.load();
    live.connectAgain();
    await live.refresh();
  }
}

export const account = new Account();
