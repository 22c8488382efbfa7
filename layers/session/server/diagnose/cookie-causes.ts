import type { CookieOutcome, DiagnosisFacts } from '../../shared/types/diagnosis'
import { inWords } from './words'

/** What is wrong and what to do, one sentence each, said of these facts. */
export interface Cause {
  because(facts: DiagnosisFacts): string
  remedy(facts: DiagnosisFacts): string
}

const SIGN_IN_AGAIN = 'Sign in again; the browser keeps the old cookie until it is given a new one, and that does no harm.'

/** A cookie came (or two did), so the browser did its part: what the server makes of it. */
export const COOKIE_CAUSES: Record<Exclude<CookieOutcome, 'absent'>, Cause> = {
  alive: say(
    'Nothing is missing: the session cookie came, this server sealed it, and its session is alive.',
    'If another call looks signed out, ask from where that call is made: same address, same host name, with credentials.',
  ),
  duplicate: {
    because: ({ cookie }) => `Two cookies named ${cookie.name} came with different values, and since nobody can tell which is ours, neither counts.`,
    remedy: ({ server }) => server.crossSite
      ? 'Delete the cookies of this host in the browser: one is likely from the time before NUXT_SESSION_CROSS_SITE was set, since a Partitioned cookie stands beside one that is not.'
      : 'Delete the cookies of this host in the browser; if it comes back, look for a proxy or a program that adds one, or for a change of NUXT_SESSION_CROSS_SITE.',
  },
  over_4096: {
    because: ({ cookie }) => `The session cookie has ${cookie.bytes} bytes, and browsers keep none over 4096: a program sent it, and this server, whose cookies are far shorter, did not make it.`,
    remedy: () => 'Keep data in the session, which the server holds, and let nothing else set a cookie of this name.',
  },
  not_a_ticket: {
    because: ({ cookie }) => `A cookie named ${cookie.name} came that is no ticket of this session layer at all: something else on this host set it.`,
    remedy: () => 'Give one of the two programs another cookie name (here NUXT_SESSION_COOKIE_NAME), since cookies are kept by host and not by port, and begin a session anew.',
  },
  unknown_key: say(
    'The session cookie is sealed by a key that this server does not have: that of another program on this host, whatever its port, or this server’s own before its keys were changed; a forged one would look the same.',
    'Give each program on this host a cookie name of its own by NUXT_SESSION_COOKIE_NAME, keep the key file or NUXT_SESSION_KEYS between starts, and begin a session anew.',
  ),
  broken_seal: say(
    'The session cookie names a key of this server, but its seal is broken: it was changed on the way, cut, set under another name, or forged.',
    'Delete the cookies of this host in the browser and begin a session anew; if it comes back, look for what rewrites cookies on the way.',
  ),
  store_unavailable: say(
    'The session cookie is good, but the store does not answer, so nobody knows whether its session is alive; this is no sign-out.',
    'Look at the server’s log for the store’s failure; the same cookie works again when the store is back.',
  ),
  expired_idle: {
    because: ({ cookie, server }) => `The session ended by its idle clock ${inWords(server.now - cookie.endedAt!)} ago: it was not used for as long as the idle timeout allows.`,
    remedy: () => 'Sign in again; for longer, raise the idle timeout, or let the page extend the session while somebody is there.',
  },
  expired_absolute: {
    because: ({ cookie, server }) => `The session ended by its absolute clock ${inWords(server.now - cookie.endedAt!)} ago: that one runs from signing in, and no activity moves it.`,
    remedy: () => 'Sign in again; for longer, raise the absolute timeout.',
  },
  expired: say(
    'The session has expired, by one of its two clocks; the store no longer says which, and this process has not seen the session alive.',
    'Sign in again; for longer, raise the idle or the absolute timeout.',
  ),
  signed_out: ended('was ended by signing out, here or in another tab of this browser', SIGN_IN_AGAIN),
  revoked: ended('was revoked: from another device, by signing out everywhere, or by a change of password', SIGN_IN_AGAIN),
  evicted: ended('gave way to a newer one, because its user had more than the limit', 'Sign in again, or raise NUXT_SESSION_MAX_PER_OWNER.'),
  secret_reuse: ended('was ended because an old copy of its cookie was used, and NUXT_SESSION_ON_SECRET_REUSE is revoke', 'Sign in again, and find out who else holds that cookie, such as a script with a saved one.'),
  no_record: say(
    'This server sealed the session cookie, but the store holds nothing for it: the session ended some time ago and has been swept, or the store was emptied or is another one than before.',
    'Begin a session anew; if it happens at each start, look whether NUXT_SESSION_STORE is memory: or its file is lost between starts.',
  ),
  corrupt_record: say(
    'The session cookie is good, but what the store holds for it cannot be read: it was damaged, or written by another version.',
    'Sign in again; the audit trail has the event corrupt_record with the session’s handle.',
  ),
  superseded: say(
    'The session cookie is the one from just before signing in or changing a password: its secret died at that moment, and the browser should hold a newer one.',
    'Ask again; if it stays so, look whether the Set-Cookie of that answer reached the browser.',
  ),
  old_secret: say(
    'The session is alive, but this cookie’s secret was replaced longer ago than the grace allows: the newer cookie did not reach this browser, or this is a copy from elsewhere.',
    'Sign in again; with a script, keep the cookie that each answer sets, and do not use one saved earlier.',
  ),
}

function say(because: string, remedy: string): Cause {
  return { because: () => because, remedy: () => remedy }
}

function ended(how: string, remedy: string): Cause {
  return {
    because: ({ cookie, server }) => `The session ${how}${cookie.endedAt === null ? '' : `, ${inWords(server.now - cookie.endedAt)} ago`}.`,
    remedy: () => remedy,
  }
}
