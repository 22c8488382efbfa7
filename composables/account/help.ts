/** The rule for a new password, in words. */
export const PASSWORD_HELP = 'At least 8 characters; 15 or more are better. Any characters will do.'
