/** Styles that a module brings along: the build puts them beside it. */

declare module "*.css";
