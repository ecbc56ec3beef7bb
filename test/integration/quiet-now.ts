const HOUR_MS = 3_600_000

/** Quiet hours of the hour before and the hour after this instant, as the clock shows it in Tokyo. By what it shows in Bangkok, two hours
 *  behind, they begin in an hour. */
export const quietInTokyoNow = (now = Date.now()): { readonly from: string; readonly until: string } => ({
  from: clockInTokyo(now - HOUR_MS),
  until: clockInTokyo(now + HOUR_MS),
})

const clockInTokyo = (instant: number): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Tokyo', hourCycle: 'h23', timeStyle: 'medium' }).format(instant)
