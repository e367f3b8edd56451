import { LetheError } from '../base/errors.js';

/** The file is a model that the engine cannot compute. */
export function unsupportedModel(file: string, message: string): LetheError {
  return new LetheError('ERR_UNSUPPORTED_MODEL', `${file}: ${message}`);
}

/** The file violates its format. */
export function invalidModel(file: string, message: string, cause?: unknown): LetheError {
  return new LetheError('ERR_INVALID_MODEL', `${file}: ${message}`, { cause });
}

/** The model that was made of the file is not what the file computes. */
export function verificationFailed(file: string, message: string, cause?: unknown): LetheError {
  return new LetheError('ERR_VERIFICATION_FAILED', `${file}: ${message}`, { cause });
}
