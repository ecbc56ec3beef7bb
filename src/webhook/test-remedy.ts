/** What to ask oneself when LINE's test of a webhook failed, by the status it was answered with: by ours, if it was that. */
export const remedyOf = (status: number): string => REMEDIES.get(status) ?? NOT_REACHED

const REMEDIES: ReadonlyMap<number, string> = new Map([
  [401, "Is the channel's secret among webhook.secrets, and the body passed on byte for byte?"],
  [403, 'Is webhook.destination the account of this channel?'],
  [404, "Does the URL in LINE's console end in webhook.path?"],
])
const NOT_REACHED =
  "LINE's console has the URL and the errors: is it this webhook's, and do name, certificate and load balancer lead here?"
