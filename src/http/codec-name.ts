/** Names of codecs in headers and keys: a device name, or the media type that stands for one. */

/** A set, or a map by name, of the codecs there are. */
export interface CodecNames {
  has(name: string): boolean
  keys(): Iterable<string>
}

/** Codec of requests and replies that name none. */
export const DEFAULT_CODEC = 'httpsig@1.0'

/**
 * The codec that a media type or device name means. `application/X` is the codec `X@1.0` (`X` if
 * it has a version) when there is one, `device/X` and other names with an `@` are taken at their
 * word, all else is the default. Parameters make a media type another one:
 * `application/json; charset=utf-8` is the default too. Source: HyperBEAM, `hb_http:mime_to_codec`.
 */
export function codecOfMediaType(type: string, codecs: CodecNames): string {
  if (type.startsWith('application/')) {
    const subtype = type.slice('application/'.length)
    const name = subtype.includes('@') ? subtype : `${subtype}@1.0`
    return codecs.has(name) ? name : DEFAULT_CODEC
  }
  if (type.startsWith('device/')) return type.slice('device/'.length)
  return type.includes('@') ? type : DEFAULT_CODEC
}
