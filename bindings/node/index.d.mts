import { Call, Campaign, Dialer, SipdialerError, samplesOf } from './index.js'

export * from './index.js'

declare const sipdialer: {
  Call: typeof Call
  Campaign: typeof Campaign
  Dialer: typeof Dialer
  SipdialerError: typeof SipdialerError
  samplesOf: typeof samplesOf
}
export default sipdialer
