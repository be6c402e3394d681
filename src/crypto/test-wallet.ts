/**
 * A TEST KEY, known to everybody who has this package: a wallet for tests and examples that are to
 * start at once, where making an RSA-4096 key would take a second. Never use it for anything else.
 */
import { walletFromJwk } from './local-wallet.ts'
import type { Wallet } from './wallet.ts'

const TEST_KEY = {
  kty: 'RSA',
  n: [
    'lTjRkzuVyqiQ8nK3_1mImYdSQBw4YW8xbqrf1vs4mXGF-UMPCrawRfKTl21H33DG-FoSzrExnaiCl_WI63dHDtNN7y',
    'y6DMaWE-dVgpYuuqhhaZeRk0KMk2OMFp8ehn4qMbVTphj8NryKK_HJ8kRezztDUSQu9detrJ9vGFbXP0CfG4F3Yonn',
    'tmeKaQ-ImMWjwg41OuW_JpWTeFJRCav6phe9SuZJbrP-TG5xzJR3CtWWvv8suFALBvsEkP_9e9ZudH2bGIcwNrYtRY',
    '7EI9Wgz_cVRVFH9f1h1auGSeyJVpNsm0IIe4zzmoUfXcjOcagSJ7juhk8hjMWDgpz8XbCbe22kmehGpOsdtQw00hR-',
    'awTR9mMv89WPPlFNIBQcnLBoAVE4zKJ3gfuby7nI2F3JFAZnJ7D4Z4EPJJ6lHQBnJBxKK-EkNBDYlQVu3Nt2wNP0QU',
    'Xc4U2Ew2qaCyqKI1uLreTEhmvAmcLEer2q5DtBHqWVtNWY47OkeozfhzAc1HhKB0iBDHdKl_i9iD5PslETX36FePZc',
    'iUqh1FV_-f7130Q0f4gd73P4oQfXQKHqDOl6HqlNvYGaUafes10tthAb1ktu24SdrTxCEd_yaqC3b2qYczkuzDHqAu',
    'Qp4NLHZ-Ta_noWntUnS0mfpmN8sWVy_0WY8Fwy-sTVzjALsozyBXk',
  ].join(''),
  e: 'AQAB',
  d: [
    'DXnUn13FsMgZUvPePv64cdkBKg4CX3Y5uhtPXKxSV7UjWrfeH2MRNzfpcUbqsziNl3cW9LiW2PyTUqLXayBZ9_JIOv',
    '3IjYfPnNuK4uCqNqwnI_COsoRTiqn2SEK1cILrT5LnC3x9JnpPZhmPWcQn5cId2bGRVh1Ur160mzeYd7tfww2lmO4I',
    'UXY3TzaaaOWMXOWIlBmUcikW6MpSTDPOTnqdWyrB3e_-WqustkOAHqfcVcJYqQp9fHNl3axomWrrjbScMZJf3ckE_J',
    '-ggfX0cGOJdbmZ7JKl57R2S63DV2C38at8dZ_sjftQslkEn8oEXbb7P4Dc8EgUENMZjWJ6H_-HnNoqi773hra-zIzH',
    'PYCIfwdI2UsneHfOFQKQbDSsdf5q3S53WtIJAsTJpEd8uW22JcXSZIlqKZb5ZJxhyYe_UtzWPgVX35K61e9Tm0qHTQ',
    '0XLQHKuoKiDCa-4gaSUTSiONFShwq5bHdJOB3gaqXhBnZ2xsZ7kj-pOpLXY6zK-PN_YUu55dD7gWujGVjXlZ26nY2F',
    'iW-IeRxZDSwW9Lv9JjF_cWNlCaVQKnz8ib9eC44fXmsO9uEBRpl-Yo8yuCB4Hvcrm7w3O2AfCX9crHQqe2xJG5d671',
    '3d3bncvv9rO11b_7lwFJXAFKJwFjQlNOPA8THuIWUqpcJfCbqFEqk',
  ].join(''),
  p: [
    '0q4_Kt9HM8am8zHYfZownltXuePtmPudzT_wVpmeO4xfpfLw-9L7h6VvZyKs4XMubJMN-HovKku6Yaf4rql0f2fHDR',
    'QQb64hgy3J9IxAwE-mdqUT2S4oohqnHpHY9cT8VBW5LJHvjt7yP8qyfARv8XqFVnQM7pprvvmFDNEQpqEy-ORx_mTT',
    'EFez-9pU3bQon17GB40biwZmdCmuv9dTrqTdbY-uQH_UIULqQ8eL28a8n6zT3wnmuKRv-JUg35ZJiAP_AKbSfwVUyX',
    '2DWtpHQE6R9zJZKe3qHYug59KD_dbgRSeFNjGMaU135_aceKU4KLqYy6v5KRuY1JAse_plRQ',
  ].join(''),
  q: [
    'tVIqppdyaapVTdMO44aBegk0ohQuB8YDS-fHk-z6ClZWIX4mKeVfWx6_Ne6jrvxt4EPDCmNB12-cGrt06V97bNXS4b',
    'oRyJMx40F0vGq-cYWyNvQP8AN0_CmKYQGUGs1BmpHNScO_D94Kvh8ywmSl9BJYzg0EZEO_ub40T0l-TTVwLcXKVBRw',
    'SUBrH8SK5Eo85F_6Ggn5oSj-dxN8qIu_g2Y7JwHKpfgNcUK0IuAZSnBHBKLQZjrG7__dlSC-pSUDmJtPFVEbwgStXw',
    'T01mPx6OQZU0PNbb02OArQT-Q4yBnc0vgX5LzHYg4KIGYygDfQXvJT5LquVMRa0I8MdF_ApQ',
  ].join(''),
  dp: [
    'FeekDbMVVh7LcPG3zqdfcreQkXVPWN6gc5y4QmjKeOqJb1mpEKXJHTtoL9L9Ipu1MfjANRuPF9iz0j-CrbZUtIJ3wb',
    'ZaVyJFvbvfCZwjh1tAtYlIXQZdly0qPxVu9265xYxUqnup6rLngRZ0JEzZzsOsZWa_iXdoyHxtBv4duxV7lUE7UPXu',
    's_5Kal8y_7IhnyBdep-DQ5swv9ctoiijPL9Lfn634WDpD2RDszRmKD2rkvaHOONwp7YBJllrB5Q6pPe1Zb3ymN5XCH',
    'QSWjnjup3ws0D64E8qTlQcML5Elvnma4pGYXIZZUF2vBl5_1k-U43DIToKN-n0o_Uxitpn-Q',
  ].join(''),
  dq: [
    'fv5-itF1u9YmCuzw96CEXMHH0GEL4DvqoSZEHTIT6luP1cNx3VQeVkaRq6dpkyyPlExBdawROF-eWQbEGpPacV7NZX',
    'WZ8P5PKZj1tuWYXxBBwsVryDHTpK0_kzO01JTABw9pVem4jtd4dLKLLaWqqeiTtDVfxw3AYcp6_rE9ubvcxuJKFFuA',
    'TX3FyakxkjUAsv8Zv1UPNrXsi9_lJnNCfjiC444YreevGo2adva4H-_FfdS-22r9XKi7PDCD9kyXWTIl0ItPQrNd7j',
    'gdd27mxrPDnRLW9a5ZJCVGwz3YGyYqCMTkjzs89ktZAloxsqXk1ispYQDzCsG_zWTzVyqdVQ',
  ].join(''),
  qi: [
    'cXw6meZk4jl7umVVlKYWYD3Wzy5FIEorQzc2P9mcMHce7AZj3wUEhGs-zY4J-mabhlylOCSu67oxZDzFxQ9IPCsqDf',
    'Boh7jLxUrbiFmF1e4x9kiv-R-zxKi9pBHjaRVi5M3Tzk3TMMx3xnpBHAFTlQmaNcBAjPYqSXSS2cv7XY4UiWH1OA_u',
    'eB01-MTGll2ndsZttgDbzTchKNVjF2QbYjkqJd_Ag36beLonFoSfiSJBBNQzi9VgL3OylPzo6HrEkU1lm8U3Jl0vNp',
    '7ALuw6xK7PtsMvJZlAzyRngD3AH99pBHAwBBSRu7vHd2CnXrXjvyWbLCOW1pMRWOH5jUY10w',
  ].join(''),
} as const

/**
 * The same RSA-4096 wallet at every call, for tests only.
 *
 * @example
 * const node = await startNode({ port: 0, storeEngine: 'memory' }, { wallets: [testWallet()] })
 */
export function testWallet(): Wallet {
  return walletFromJwk(TEST_KEY)
}
