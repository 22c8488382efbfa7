import { describe, expect, it } from 'vitest'
import { isCommonPassword } from '../../../server/accounts/passwords'

describe('isCommonPassword', () => {
  it.each(['password', 'PASSWORD', 'Password1', 'qwertyuiop', '12345678', 'iloveyou', 'sunshine'])(
    'knows %s',
    (password) => {
      expect(isCommonPassword(password, 'ada')).toBe(true)
    },
  )

  it.each(['Ada.Lovelace', 'ａｄａ.lovelace', ' ada.lovelace '])('refuses the account’s own name: %j', (password) => {
    expect(isCommonPassword(password, 'ada.lovelace')).toBe(true)
  })

  it.each(['correct horse battery staple', 'zwölf Boxkämpfer', 'constructor', '__proto__'])(
    'lets %s through',
    (password) => {
      expect(isCommonPassword(password, 'ada')).toBe(false)
    },
  )
})
