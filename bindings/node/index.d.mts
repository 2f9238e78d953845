import * as sipdialer from './index.js'

export * from './index.js'
export default sipdialer
