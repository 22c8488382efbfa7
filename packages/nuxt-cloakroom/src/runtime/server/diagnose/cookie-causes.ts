import type { CookieOutcome, DiagnosisFacts } from '../../shared/types/diagnosis'
import { formatDuration } from './wording'

/** What is wrong and what to do, one sentence each, for these facts. */
export interface Cause {
  because(facts: DiagnosisFacts): string
  remedy(facts: DiagnosisFacts): string
}

const SIGN_IN_AGAIN = 'Sign in again; the browser keeps the old cookie until it gets a new one, which does no harm.'
const DELETE_COOKIES = 'Delete the cookies of this host in the browser'

/** A cookie came (or two did), so the browser did its part: what the server made of it. */
export const COOKIE_CAUSES: Record<Exclude<CookieOutcome, 'absent'>, Cause> = {
  active: fixed(
    'Nothing is missing: the session cookie came, this server sealed it, and its session is active.',
    'If another call looks signed out, run the diagnosis where that call is made: same address, same host name, with '
    + 'credentials.',
  ),
  duplicate: {
    because: ({ cookie }) => `Two cookies named ${cookie.name} came with different values, so neither is trusted.`,
    remedy: ({ server }) => server.crossSite
      ? `${DELETE_COOKIES}: one is likely from before NUXT_CLOAKROOM_CROSS_SITE was set, because a Partitioned cookie `
      + `does not replace one that is not.`
      : `${DELETE_COOKIES}; if it comes back, look for a proxy or a program that adds one, or for a change of `
        + `NUXT_CLOAKROOM_CROSS_SITE.`,
  },
  over_4096: {
    because: ({ cookie }) => `The session cookie has ${cookie.bytes} bytes, and browsers drop a cookie over 4096: a `
      + `program sent it, and this server, whose cookies are much shorter, did not create it.`,
    remedy: () => 'Store data in the session, which the server holds, and let nothing else set a cookie of this name.',
  },
  not_sealed: {
    because: ({ cookie }) => `A cookie named ${cookie.name} came that is not a sealed session cookie: another program `
      + `on this host set it.`,
    remedy: () => 'Give one of the two programs another cookie name (here NUXT_CLOAKROOM_COOKIE_NAME), because cookies '
      + 'belong to a host and not to a port, and start a new session.',
  },
  unknown_key: fixed(
    'The session cookie is sealed with a key that this server does not have: that of another program on this host, on '
    + 'any port, or this server’s own from before its keys changed; a forged cookie would look the same.',
    'Give each program on this host its own cookie name with NUXT_CLOAKROOM_COOKIE_NAME, keep the key file or '
    + 'NUXT_CLOAKROOM_KEYS between starts, and start a new session.',
  ),
  broken_seal: fixed(
    'The session cookie names a key of this server, but its seal is broken: it was changed on the way, cut off, set '
    + 'under another name, or forged.',
    `${DELETE_COOKIES} and start a new session; if it comes back, look for what rewrites cookies on the way.`,
  ),
  store_unavailable: fixed(
    'The session cookie is valid, but the store does not respond, so it is unknown whether its session is active; this '
    + 'is not a sign-out.',
    'Look for the store’s failure in the server’s log; the same cookie works again when the store is back.',
  ),
  expired_idle: {
    because: ({ cookie, server }) => `The session reached its idle timeout ${sinceEnd(cookie, server)} ago: `
      + 'it was not used for that long.',
    remedy: () => 'Sign in again; for longer sessions, raise the idle timeout, or let the page extend the session '
      + 'while the user is active.',
  },
  expired_absolute: {
    because: ({ cookie, server }) => `The session reached its absolute timeout ${sinceEnd(cookie, server)} ago: `
      + 'that one starts at sign-in, and no activity moves it.',
    remedy: () => 'Sign in again; for longer sessions, raise the absolute timeout.',
  },
  expired: fixed(
    'The session has expired, by one of its two timeouts; the store no longer says which, and this process has not '
    + 'seen the session active.',
    'Sign in again; for longer sessions, raise the idle or the absolute timeout.',
  ),
  signed_out: ended('was ended by signing out, here or in another tab of this browser', SIGN_IN_AGAIN),
  revoked: ended(
    'was revoked: from another device, by signing out everywhere, or by a change of password',
    SIGN_IN_AGAIN,
  ),
  evicted: ended(
    'was replaced by a newer one, because its user had more than the limit',
    'Sign in again, or raise NUXT_CLOAKROOM_MAX_PER_USER.',
  ),
  secret_reuse: ended(
    'was ended because an old copy of its cookie was used, and NUXT_CLOAKROOM_ON_SECRET_REUSE is revoke',
    'Sign in again, and find out which other program holds that cookie, for example a script with a saved one.',
  ),
  no_record: fixed(
    'This server sealed the session cookie, but the store holds nothing for it: the session ended some time ago and '
    + 'was swept, or the store was emptied or replaced.',
    'Start a new session; if it happens at each start, check whether NUXT_CLOAKROOM_STORE is memory: or its file is '
    + 'lost between starts.',
  ),
  corrupt_record: fixed(
    'The session cookie is valid, but its record in the store cannot be read: it was damaged, or written by another '
    + 'version.',
    'Sign in again; the audit trail has the event corrupt_record with the session’s id.',
  ),
  superseded: fixed(
    'The session cookie is the one from just before signing in or changing a password: its secret became invalid at '
    + 'that moment, and the browser should hold a newer one.',
    'Try again; if it stays, check whether the Set-Cookie of that response reached the browser.',
  ),
  old_secret: fixed(
    'The session is active, but this cookie’s secret was replaced, and a client has used the newer one: this is a copy '
    + 'of a cookie, or an old one that was restored.',
    'Sign in again; in a script, keep the cookie that each response sets, and do not use one saved earlier.',
  ),
}

function sinceEnd({ endedAt }: DiagnosisFacts['cookie'], { now }: DiagnosisFacts['server']): string {
  return formatDuration(now - endedAt!)
}

function fixed(because: string, remedy: string): Cause {
  return { because: () => because, remedy: () => remedy }
}

function ended(how: string, remedy: string): Cause {
  return {
    because: ({ cookie, server }) => {
      const when = cookie.endedAt === null ? '' : `, ${formatDuration(server.now - cookie.endedAt)} ago`
      return `The session ${how}${when}.`
    },
    remedy: () => remedy,
  }
}
