export { meant, nearest } from '../spec/nearest.js'
