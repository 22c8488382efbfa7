export default onlyMethods('PUT')
