/** Headers of what is published, as CloudEvents names them (Kafka binding, binary mode). */
export const cloudEventHeaders = (id: string, type: string): Record<string, string> => ({
  ce_specversion: '1.0',
  ce_id: id,
  ce_source: 'tsuchi',
  ce_type: type,
})
