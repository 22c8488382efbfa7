/** A place where a CA can be trusted, with the commands to add and to remove the trust. */
interface TrustStore {
  where: string
  trust: string[]
  remove: string[]
}

/**
 * Returns for each store how to trust the CA at `path`, and how to remove the trust. `name` is the name under which
 * stores list the CA.
 */
export function trustStores(path: string, name: string): TrustStore[] {
  const file = quoted(path)
  const nss = 'certutil -d sql:$HOME/.pki/nssdb'
  const anchor = 'cloakroom-local-ca'
  return [
    {
      where: 'macOS (Safari, Chrome, curl)',
      trust: [`security add-trusted-cert -r trustRoot -p ssl -k ~/Library/Keychains/login.keychain-db ${file}`],
      remove: [`security delete-certificate -t -c "${name}" ~/Library/Keychains/login.keychain-db`],
    },
    {
      where: 'Windows (Edge, Chrome), in a terminal of your own user',
      trust: [`certutil -user -addstore Root ${file}`],
      remove: [`certutil -user -delstore Root "${name}"`],
    },
    {
      where: 'Debian, Ubuntu (curl and other programs; Chrome: see below)',
      trust: [`sudo cp ${file} /usr/local/share/ca-certificates/${anchor}.crt`, 'sudo update-ca-certificates'],
      remove: [`sudo rm /usr/local/share/ca-certificates/${anchor}.crt`, 'sudo update-ca-certificates --fresh'],
    },
    {
      where: 'Fedora, RHEL',
      trust: [`sudo cp ${file} /etc/pki/ca-trust/source/anchors/${anchor}.pem`, 'sudo update-ca-trust'],
      remove: [`sudo rm /etc/pki/ca-trust/source/anchors/${anchor}.pem`, 'sudo update-ca-trust'],
    },
    {
      where: 'Arch',
      trust: [`sudo trust anchor --store ${file}`],
      remove: [`sudo trust anchor --remove ${file}`],
    },
    {
      where: 'Chrome, Chromium and Edge on Linux (certutil is in libnss3-tools, nss-tools or nss)',
      trust: [
        `mkdir -p ~/.pki/nssdb && (${nss} -L >/dev/null 2>&1 || ${nss} -N --empty-password)`,
        `${nss} -A -t C,, -n "${name}" -i ${file}`,
      ],
      remove: [`${nss} -D -n "${name}"`],
    },
    {
      where: 'Firefox',
      trust: [
        `Settings, Privacy & Security, View Certificates, Authorities, Import: ${path}`,
        'Tick "Trust this CA to identify websites".',
      ],
      remove: [
        `Settings, Privacy & Security, View Certificates, Authorities: choose ${name}, then Delete or Distrust.`,
      ],
    },
    { where: 'Node', trust: [`NODE_EXTRA_CA_CERTS=${file} node client.js`], remove: [] },
    { where: 'curl, once', trust: [`curl --cacert ${file} https://localhost:3000/`], remove: [] },
  ]
}

function quoted(path: string): string {
  return /^[\w./:\\-]+$/.test(path) ? path : `"${path}"`
}
