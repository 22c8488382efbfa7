import { dictionary } from '@zxcvbn-ts/language-common'

const common = new Set(dictionary['passwords-common'] as string[])

/**
 * Whether a password is among the about 18,000 most common ones of eight characters or more, in any case of letters, or
 * is the account's own name (ASVS 6.2.4, 6.2.11).
 */
export function isCommonPassword(password: string, name: string): boolean {
  const folded = password.toLowerCase()
  return common.has(folded) || folded === name.toLowerCase()
}
