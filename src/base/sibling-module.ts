/**
 * Where the module of that name beside another one is: `siblingModule(import.meta.url, 'worker')`.
 * With the extension of the other one, so that threads start from source and after a build.
 */
export function siblingModule(besideUrl: string, name: string): URL {
  return new URL(`./${name}${besideUrl.slice(besideUrl.lastIndexOf('.'))}`, besideUrl)
}
