export default onlyMethods('GET, PUT, POST, DELETE')
