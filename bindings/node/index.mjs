import sipdialer from './index.js'

export const { Dialer, Call, Campaign, SipdialerError, samplesOf } = sipdialer
export default sipdialer
