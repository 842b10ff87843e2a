/**
 * The setup of a host as an Ansible playbook of ansible.builtin modules only. It installs the very script of format shell,
 * and a systemd unit that runs it at every boot.
 */
export interface Playbook {
  /** For people. */
  readonly title: string;
  /** Of the script and the unit. */
  readonly name: string;
  readonly script: string;
}

export function installPlaybook({ title, name, script }: Playbook): string {
  return `${head(`Prepare ${title}`)}
    - name: Install the script
      ansible.builtin.copy:
        dest: ${scriptPath(name)}
        mode: "0755"
        content: !unsafe |
${block(script, 10)}
      notify: Run the new script
    - name: Install the unit that runs it at every boot
      ansible.builtin.copy:
        dest: ${unitPath(name)}
        mode: "0644"
        content: |
${block(unit(title, name), 10)}
    - name: Run it now and at every boot
      ansible.builtin.systemd:
        name: ${name}.service
        daemon_reload: true
        enabled: true
        state: started
  handlers:
    - name: Run the new script
      ansible.builtin.command:
        cmd: ${scriptPath(name)} --setup
`;
}

export function removePlaybook({ title, name }: Playbook): string {
  return `${head(`Undo the setup of ${title}`)}
    - name: Look for the unit
      ansible.builtin.stat:
        path: ${unitPath(name)}
      register: unit
    - name: Undo the setup
      ansible.builtin.systemd:
        name: ${name}.service
        enabled: false
        state: stopped
      when: unit.stat.exists
    - name: Remove the unit and the script
      ansible.builtin.file:
        path: "{{ item }}"
        state: absent
      loop:
        - ${unitPath(name)}
        - ${scriptPath(name)}
    - name: Let systemd forget the unit
      ansible.builtin.systemd:
        daemon_reload: true
`;
}

function head(name: string): string {
  return `---
- name: ${JSON.stringify(name)}
  hosts: all
  become: true
  gather_facts: false
  tasks:`;
}

function scriptPath(name: string): string {
  return `/usr/local/sbin/${name}.sh`;
}

function unitPath(name: string): string {
  return `/etc/systemd/system/${name}.service`;
}

function unit(title: string, name: string): string {
  return `[Unit]
Description=Setup of ${title} for Linux Virtual Server
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${scriptPath(name)} --setup
ExecStop=${scriptPath(name)} --undo

[Install]
WantedBy=multi-user.target
`;
}

function block(text: string, indent: number): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : `${' '.repeat(indent)}${line}`))
    .join('\n');
}
