// The points of cc.draw(design="sobol"), the same bits, and their normal scores.

// Points of one column on the unit interval, each in the middle of its cell of 2^-52, and their normal scores, as far as
// they were asked for. `steps` holds 13 hexadecimal digits for each bit of the index, `shift` the digital shift: together
// they are the scramble.
export class Points {
  constructor(column, most) {
    this.column = column;
    this.u = new Float64Array(most);
    this.z = new Float64Array(most);
    this.high = new Uint32Array(most);
    this.low = new Uint32Array(most);
    [this.high[0], this.low[0]] = split(column.shift);
    this.filled = 0;
  }

  upto(size) {
    const { high, low, u, z } = this;
    if (this.filled >= size) return this;
    for (let bit = 0, half = 1; half < size; bit++, half *= 2) {
      if (half < this.filled) continue;
      const [stepHigh, stepLow] = split(this.column.steps.slice(13 * bit, 13 * bit + 13));
      for (let i = 0; i < half; i++) {
        high[half + i] = high[i] ^ stepHigh;
        low[half + i] = low[i] ^ stepLow;
      }
    }
    for (let i = this.filled; i < size; i++) {
      u[i] = (high[i] * 4294967296 + low[i]) * 2 ** -52 + 2 ** -53;
      z[i] = normalScore(u[i]);
    }
    this.filled = size;
    return this;
  }
}

const split = (digits) => [parseInt(digits.slice(0, 5), 16), parseInt(digits.slice(5), 16) >>> 0];

// S. L. Moshier, Cephes (1989): the inverse of the normal distribution function.
const P0 = [-5.99633501014107895267e1, 9.80010754185999661536e1, -5.66762857469070293439e1, 1.39312609387279679503e1,
  -1.23916583867381258016e0];
const Q0 = [1, 1.95448858338141759834e0, 4.67627912898881538453e0, 8.63602421390890590575e1, -2.25462687854119370527e2,
  2.00260212380060660359e2, -8.20372256168333339912e1, 1.59056225126211695515e1, -1.18331621121330003142e0];
const P1 = [4.05544892305962419923e0, 3.15251094599893866154e1, 5.71628192246421288162e1, 4.40805073893200834700e1,
  1.46849561928858024014e1, 2.18663306850790267539e0, -1.40256079171354495875e-1, -3.50424626827848203418e-2,
  -8.57456785154685413611e-4];
const Q1 = [1, 1.57799883256466749731e1, 4.53907635128879210584e1, 4.13172038254672030440e1, 1.50425385692907503408e1,
  2.50464946208309415979e0, -1.42182922854787788574e-1, -3.80806407691578277194e-2, -9.33259480895457427372e-4];
const P2 = [3.23774891776946035970e0, 6.91522889068984211695e0, 3.93881025292474443415e0, 1.33303460815807542389e0,
  2.01485389549179081538e-1, 1.23716634817820021358e-2, 3.01581553508235416007e-4, 2.65806974686737550832e-6,
  6.23974539184983293730e-9];
const Q2 = [1, 6.02427039364742014255e0, 3.67983563856160859403e0, 1.37702099489081330271e0, 2.16236993594496635890e-1,
  1.34204006088543189037e-2, 3.28014464682127739104e-4, 2.89247864745380683936e-6, 6.79019408009981274425e-9];
const ROOT_2_PI = 2.50662827463100050242;
const TAIL = 0.13533528323661269189;

function polynomial(coefficients, x) {
  let sum = coefficients[0];
  for (let n = 1; n < coefficients.length; n++) sum = sum * x + coefficients[n];
  return sum;
}

export function normalScore(p) {
  const upper = p > 1 - TAIL;
  const y = upper ? 1 - p : p;
  if (y > TAIL) {
    const centred = y - 0.5, square = centred * centred;
    return (centred + centred * (square * polynomial(P0, square) / polynomial(Q0, square))) * ROOT_2_PI;
  }
  const x = Math.sqrt(-2 * Math.log(y));
  const z = 1 / x;
  const tail = x < 8 ? z * polynomial(P1, z) / polynomial(Q1, z) : z * polynomial(P2, z) / polynomial(Q2, z);
  const result = x - Math.log(x) / x - tail;
  return upper ? result : -result;
}

// Cephes: erfc above 1, erf below, from which both tails of the normal distribution follow.
const EP = [2.46196981473530512524e-10, 5.64189564831068821977e-1, 7.46321056442269912687e0, 4.86371970985681366614e1,
  1.96520832956077098242e2, 5.26445194995477358631e2, 9.34528527171957607540e2, 1.02755188689515710272e3,
  5.57535335369399327526e2];
const EQ = [1, 1.32281951154744992508e1, 8.67072140885989742329e1, 3.54937778887819891062e2, 9.75708501743205489753e2,
  1.82390916687909736289e3, 2.24633760818710981792e3, 1.65666309194161350182e3, 5.57535340817727675546e2];
const ER = [5.64189583547755073984e-1, 1.27536670759978104416e0, 5.01905042251180477414e0, 6.16021097993053585195e0,
  7.40974269950448939160e0, 2.97886665372100240670e0];
const ES = [1, 2.26052863220117276590e0, 9.39603524938001434673e0, 1.20489539808096656605e1, 1.70814450747565897222e1,
  9.60896809063285878198e0, 3.36907645100081516050e0];
const ET = [9.60497373987051638749e0, 9.00260197203842689217e1, 2.23200534594684319226e3, 7.00332514112805075473e3,
  5.55923013010394962768e4];
const EU = [1, 3.35617141647503099647e1, 5.21357949780152679795e2, 4.59432382970980127987e3, 2.26290000613890934246e4,
  4.92673942608635921086e4];

// The smaller tail of a normal score.
export function smallerTail(z) {
  const x = Math.abs(z) * Math.SQRT1_2;
  if (x < 1) {
    const square = x * x;
    return 0.5 - 0.5 * x * polynomial(ET, square) / polynomial(EU, square);
  }
  const ratio = x < 8 ? polynomial(EP, x) / polynomial(EQ, x) : polynomial(ER, x) / polynomial(ES, x);
  return 0.5 * Math.exp(-x * x) * ratio;
}

// Both tails of a normal score, each with its own digits.
export function tails(z) {
  const smaller = smallerTail(z);
  return z < 0 ? [smaller, 1 - smaller] : [1 - smaller, smaller];
}
