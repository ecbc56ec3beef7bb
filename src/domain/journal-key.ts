/** What a fact is journalled under: the last one written under a key is the truth. */
export type JournalKey = `entry/${string}` | `mark/${string}` | `pause/${string}` | `coverage/${string}`

export const isJournalKey = (key: string): key is JournalKey => /^(entry|mark|pause|coverage)\//.test(key)

export const keyOfEntry = (notificationId: string): JournalKey => `entry/${notificationId}`
export const keyOfMark = (subject: string): JournalKey => `mark/${subject}`
export const keyOfPause = (channel: string): JournalKey => `pause/${channel}`
export const keyOfCoverage = (channel: string): JournalKey => `coverage/${channel}`
