import type { IncomingMessage } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'

/** Why there is no body: it is larger than one may be; it did not come in time; its sender went away; or all that are being read
 *  together fill the room for them. */
export type BodyFault = 'too-large' | 'late' | 'cut-off' | 'no-room'

/** The bytes of all bodies that are being read or worked on. Senders without the secret can fill no more than this. */
export interface Room {
  take(bytes: number): boolean
  giveBack(bytes: number): void
}

export const createRoom = (bytes: number): Room => {
  let left = bytes
  return {
    take: (wanted) => {
      if (wanted > left) return false
      left -= wanted
      return true
    },
    giveBack: (taken) => {
      left += taken
    },
  }
}

/** The bytes as they came. Of a body that is not wanted, no more is read; its room is free again. Whoever gets one gives its room back. */
export const readBody = (
  request: IncomingMessage,
  { limit, withinMs, room }: { readonly limit: number; readonly withinMs: number; readonly room: Room },
): Promise<Buffer | BodyFault> =>
  new Promise((resolve) => {
    if (Number(request.headers['content-length'] ?? 0) > limit) return resolve('too-large')
    const chunks: Buffer[] = []
    let size = 0
    let ended = false
    const end = (outcome: Buffer | BodyFault) => {
      ended = true
      clearTimeout(timer)
      request.off('data', onData).off('end', onEnd).off('close', onCut).off('error', onCut)
      request.on('error', IGNORED) // a sender that goes away later is none of ours
      if (typeof outcome === 'string') {
        request.pause()
        room.giveBack(size)
      }
      resolve(outcome)
    }
    const onData = (chunk: Buffer) => {
      if (size + chunk.length > limit) return end('too-large')
      if (!room.take(chunk.length)) return end('no-room')
      size += chunk.length
      chunks.push(chunk)
    }
    const onEnd = () => end(Buffer.concat(chunks))
    const onCut = () => end('cut-off')
    /** Where we stood still, it may have come long ago and wait to be read: as long as the next turns bring more of it, it is not late. */
    const look = async () => {
      for (let looks = 0, seen = -1; size > seen && looks < LAST_LOOKS; looks++) {
        seen = size
        await turn()
        await turn()
      }
      if (!ended) end('late')
    }
    const timer = setTimeout(look, withinMs)
    request.on('data', onData).on('end', onEnd).on('close', onCut).on('error', onCut)
  })

/** A turn reads 64 KiB at least of what has come. */
const LAST_LOOKS = 16

const IGNORED = () => undefined
