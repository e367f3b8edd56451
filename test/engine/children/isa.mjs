// Prints the backend that the environment selects, or fails if the machine lacks it.
import { device } from '#lethe/engine/native';

console.log(device());
