export default onlyMethods('GET, DELETE')
