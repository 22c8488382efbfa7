export default onlyMethods('POST')
