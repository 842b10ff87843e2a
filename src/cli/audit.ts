import { Command } from 'commander';
import { auditArchiveCommand } from './audit-archive.js';
import { auditVerifyCommand } from './audit-verify.js';

export function auditCommand(): Command {
  return new Command('audit')
    .description('The audit log.')
    .addCommand(auditVerifyCommand())
    .addCommand(auditArchiveCommand());
}
