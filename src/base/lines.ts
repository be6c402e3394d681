/** Lines of text in a stream of bytes. */

/**
 * The lines, without their ends: LF, or CR LF. Nothing else ends a line: JSON may hold U+2028, at
 * which `node:readline` would cut. An end of the stream ends the last line.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let parts: string[] = []
  for await (const chunk of chunks) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    const [first = '', ...others] = text.split('\n')
    parts.push(first)
    for (const part of others) {
      yield withoutReturn(parts.join(''))
      parts = [part]
    }
  }
  const last = parts.join('') + decoder.decode()
  if (last !== '') yield withoutReturn(last)
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
