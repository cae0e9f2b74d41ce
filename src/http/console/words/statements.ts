// What a DBA runs to enable a table, as SQL and as a command.

export interface EnableWish {
  readonly relation: string;
  /** Empty: its rows belong to no company. */
  readonly companyColumn: string;
  readonly module: string;
  readonly label: string;
}

export function enableSql({ relation, companyColumn, module, label }: EnableWish): string {
  const column = companyColumn === '' ? 'null' : literal(companyColumn);
  const named = [
    `company_column => ${column}`,
    ...(module === '' ? [] : [`module => ${literal(module)}`]),
    ...(label === '' ? [] : [`label => ${literal(label)}`]),
  ];
  return `select * from rowhook.inspect_table(${literal(relation)}, ${column});\nselect * from rowhook.enable_table(${[literal(relation), ...named].join(', ')});`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
