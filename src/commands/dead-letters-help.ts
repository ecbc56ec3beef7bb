/* What `tsuchi dead-letters … --help` says beside the options. */

export const LIST_HELP = `
A dead letter is a record of a domain topic that could not be processed, and why. One line each on standard output: position of the record,
when it died, reason, detail, and state: waiting, replayed (when, to where, by whom), or unreplayable (why). A summary by reason on
standard error. What is there is what the topic still keeps: 30 days, if nobody has changed that.

  no-value, not-confluent, unknown-schema, undecodable   it cannot be read: its result is poison
  internal-fault                                         a route failed on it: a fault of tsuchi; its result is poison
  older-than-window                                      it was read too late to know whether it was sent before: it has no result
  UnreadableRecordError                                  a record of tsuchi's own topics, written by somebody else or another version
  webhook-unsigned, webhook-wrong-signature,             a signed body in webhook.topic that was not taken: mend the channel's webhook
  webhook-unknown-account, webhook-unreadable            (secrets, destination) or whoever writes it, and replay it

  tsuchi dead-letters list --since PT2H --reason unknown-schema
  tsuchi dead-letters list --state waiting --json | jq -r .position

A refused event (no phone, a content rule, no route) was read, and has its result: it is no dead letter. To have it sent after all, mend
what its result says, and produce the event anew: a refusal does not claim its identity (but for what a shadow channel refused).`

export const SHOW_HELP = `
The record's key and value are not shown, as they hold a phone number: their sizes are, the schema id, the names of its headers, and the
headers that name an event (ce_id, ce_source, ce_type, ce_time). What would become of it is found out by reading it as a worker would, with
the routes and the registry of now.

  tsuchi dead-letters show billing.payment-due/3/1042`

export const REPLAY_HELP = `
First mend what they died of: register the schema, correct the route, install the version without the fault. Then

  tsuchi dead-letters replay --reason unknown-schema               says what would become of each, and writes nothing
  tsuchi dead-letters replay --reason unknown-schema --limit 1 --yes    tries one, the oldest
  tsuchi dead-letters replay --reason unknown-schema --yes         the rest
  tsuchi dead-letters replay billing.payment-due/3/1042 --yes      just this one

Each record is produced anew to the partition it came from, with its own key, value, headers and timestamp, and a header tsuchi.replay-of
with the position at which it died. In the same transaction a receipt is written under its letter (tsuchi.replayed-to, -at, -by): so it is
replayed once, whatever crashes, and whoever else replays. Whoever begins stops whoever replays already. A letter that was replayed is
skipped without --again; one whose record would only die again, or that no route wants, without --force. Those whose bytes were not kept,
or whose sealing key is gone (add it to privacy.sealingKeys), cannot be replayed.

Domain topics belong to others: the client needs WRITE on them, on the dead letters and on the transactional id GROUP-replay, and everybody
who reads the topic reads the record again: tell them, or let them look for tsuchi.replay-of. Replay while a worker runs: a record that is
older than its topic's retention may be deleted within minutes.

What was sent before under the same identity ends as a duplicate, and is not sent again. The letter's own result, poison, stays; the record
that is produced has a result of its own, under its own position. A refused event is no dead letter: mend it or its route, and produce it anew.

Receipts are lines of JSON on standard output, and in --receipt FILE. Ctrl-C ends it after the transaction that is under way, and says how
far it came. Exits with 1 if it did not come to its end, if a position is unknown, or if a letter needs mending: a partition or topic that
is gone, a sealing key that is gone. The others are replayed all the same.`
