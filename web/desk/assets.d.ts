/** Style sheets that a module brings with it are the bundler's business. */

declare module "*.css";
