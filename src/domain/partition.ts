import { createHash } from 'node:crypto'

/** Which partition of the internal topics a key belongs to. Our own, so that it depends on nothing but the count fixed when the
 *  topics were created: a client's default partitioner follows metadata, and would move people when partitions are added. */
export const partitionOf = (key: string, partitions: number): number =>
  createHash('sha256').update(key).digest().readUInt32BE(0) % partitions
