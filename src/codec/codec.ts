/**
 * Codecs: wire formats on one side, the message on the other. Each format is a pair of functions,
 * `encodeX` and `decodeX`; those that sign add `commitX` and `verifyX`. `json.ts` and `flat.ts` are
 * single files, `httpsig/` and `ans104/` folders. Codecs are pure and synchronous but for signing:
 * they load no links and store nothing. Called by `http/`, the cache and the devices; the message
 * model itself (types, ids, TABM) is in `message/`.
 */

/** How nested messages are written. */
export interface BundleOptions {
  /** Inline, with all they hold; else, and by default, as `key+link` with their id. */
  readonly bundle?: boolean
}
