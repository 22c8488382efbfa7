import { onlyMethods } from '../../utils/only-methods'

export default onlyMethods('GET, DELETE')
