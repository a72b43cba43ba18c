import Base
import Machine
import Sparse
import Testing
import Topology

/// What each method promises, against its published numbers where there are some.
@Suite struct MethodTests {
  /// SNFS: mean momenta 0.2 : 0.3 : 0.5 share out what a rate of one half took from 100, 100 and 60 connections.
  @Test func momentumRedistributes() throws {
    try redistribute(Float.self)
    try redistribute(Double.self)
  }

  private func redistribute<T: Scalar>(_: T.Type) throws {
    let snfs = try method(.snfs, ["gradient_batches": 1])
    let fleet = try Fleet<T>(snfs, [(50, 20, 100), (25, 20, 100), (10, 10, 60)]) { T($1 + 1) / T($0 + 1) }
    for (subject, momentum) in zip(fleet.subjects, [T(0.2), 0.3, 0.5]) {
      for slot in 0..<subject.pattern.connections { subject.moments[slot] = slot % 2 == 0 ? momentum : -momentum }
    }
    try fleet.topology.evolve(step: 0, dropFraction: 0.5)
    #expect(fleet.counts == [50 + 26, 50 + 39, 30 + 65])
    #expect(fleet.counts.reduce(0, +) == 260)
    #expect(fleet.subjects.allSatisfy { $0.pattern.violation() == nil })
  }

  /// SNFS's code: a layer with less than a fifth of its positions free and more momentum than the mean drops no larger share than
  /// is free; one with less momentum drops what all drop.
  @Test(
    arguments: [
      // Connections of 100 positions, momentum beside a layer of 0.5, and how many of them go at a rate of one half.
      (90, 0.6, 9), (90, 0.5, 45), (90, 0.4, 45), (81, 0.6, 16), (80, 0.6, 40), (100, 0.9, 0), (99, 0.9, 1), (40, 0.9, 20),
    ])
  func fullLayersWithMomentumDropLess(connections: Int, momentum: Double, dropped: Int) throws {
    let snfs = try method(.snfs, ["gradient_batches": 1, "room": 5])
    for fraction in [0.5, 0.005] {
      let fleet = try Fleet<Double>(snfs, [(10, 10, connections), (50, 40, 100)]) { Double($1 + 1) / Double($0 + 1) }
      for (subject, momentum) in zip(fleet.subjects, [momentum, 0.5]) {
        for slot in 0..<subject.pattern.connections { subject.moments[slot] = slot % 2 == 0 ? momentum : -momentum }
      }
      let before = fleet.state(0)
      try fleet.topology.evolve(step: 0, dropFraction: fraction)
      let wanted = fraction == 0.5 ? dropped : min(dropped, 1)
      let total = wanted + (fraction == 0.5 ? 50 : 1)
      let share = Double(total) * momentum / (momentum + 0.5)
      #expect(fleet.counts.reduce(0, +) == connections + 100)
      let room = min(100 - connections + wanted, total)
      #expect(abs(Double(fleet.counts[0] - (connections - wanted)) - min(share, Double(room))) < 1, "\(fleet.counts)")
      // The survivors are the largest weights.
      let least = connections - wanted
      let kept = before.filter { $0.value.weight > Double(wanted) }
      #expect(kept.count == least)
      let after = fleet.state(0)
      #expect(kept.allSatisfy { after[$0.key]?.weight == $0.value.weight })
    }
  }

  /// A layer that is full, or has no room, gives its part to the others; none is left empty; nothing is lost.
  @Test func redistributionNeverLosesConnections() throws {
    var random = RandomSource(seed: 31)
    for round in 0..<300 {
      let kind: TopologyKind = round % 2 == 0 ? .snfs : .dsr
      let layers = 1 + random.below(5)
      let shapes = (0..<layers).map { _ -> (rows: Int, columns: Int, connections: Int) in
        let (rows, columns) = (1 + random.below(12), 1 + random.below(12))
        return (rows, columns, 1 + random.below(rows * columns))
      }
      let options: [String: Double] =
        kind == .snfs
        ? ["gradient_batches": 1, "room": [1, 1.3, 2, 5][random.below(4)], "just_dropped": Double(random.below(3))]
        : ["threshold": [1e-9, 0.1, 0.5, 10][random.below(4)], "room": [1, 2][random.below(2)]]
      let fleet = try Fleet<Float>(try method(kind, options), shapes) { _, _ in Float(random.uniform() - 0.5) }
      for subject in fleet.subjects {
        let scale: Float = [0, 1e-30, 1, 1e30][random.below(4)]
        for slot in 0..<subject.pattern.connections { subject.moments[slot] = scale * Float(random.uniform()) }
      }
      let total = fleet.counts.reduce(0, +)
      for _ in 0..<4 {
        try fleet.topology.evolve(step: 0, dropFraction: [0, 0.2, 0.5, 1][random.below(4)])
        #expect(fleet.counts.reduce(0, +) == total, "\(round): \(shapes)")
        #expect(fleet.counts.allSatisfy { $0 >= 1 })
        for subject in fleet.subjects {
          #expect(subject.pattern.connections <= subject.pattern.capacity && subject.pattern.violation() == nil)
        }
      }
    }
  }

  /// Dynamic sparse reparameterisation: its threshold doubles when fewer than (1 - tolerance) of the wanted number go, halves
  /// when more than (1 + tolerance) do, and what comes goes where most stays.
  @Test func theThresholdFollows() throws {
    let dsr = try method(.dsr, ["threshold": 0.1, "drop_fraction": 0.25, "tolerance": 0.2, "room": 3])
    // Of 100 weights, 0.01, 0.02, ..., 1.00, those below the threshold go.
    func run(_ threshold: Double) throws -> (next: Double, fleet: Fleet<Double>) {
      var method = dsr
      try method.set("threshold", threshold)
      let fleet = try Fleet<Double>(method, [(10, 20, 60), (10, 20, 40)]) { Double($0 * 60 + $1 + 1) / 100 }
      try fleet.topology.evolve(step: 0)
      return (fleet.topology.threshold, fleet)
    }
    // Wanted: 25. 19 are too few, 20 to 30 are right, 31 too many.
    for (below, factor) in [(0, 2.0), (19, 2), (20, 1), (25, 1), (30, 1), (31, 0.5), (60, 0.5), (90, 0.5)] {
      let threshold = Double(below + 1) / 100 - 0.005
      let (next, fleet) = try run(threshold)
      #expect(next == threshold * factor, "\(below)")
      let stays = (max(0, 60 - below), 40 - max(0, below - 60))
      let share = Double(below) * Double(stays.0) / Double(stays.0 + stays.1)
      // A layer of which nothing stays gets one connection.
      let first = stays.0 == 0 ? 1 : stays.0 + Int(share.rounded())
      #expect(abs(fleet.counts[0] - first) <= 1 && fleet.counts.reduce(0, +) == 100, "\(below)")
    }
    // A fraction of 0 leaves everything as it is.
    let idle = try Fleet<Float>(dsr, [(5, 5, 10)]) { _, _ in 0 }
    let before = idle.positions(0)
    try idle.topology.evolve(step: 0, dropFraction: 0)
    #expect(idle.positions(0) == before && idle.topology.threshold == 0.1)
  }

  /// MEST's elastic mutation: the number stays, and what goes has the least |w| + lambda |g|.
  @Test(arguments: [0.0, 1, 2.5]) func mestDropsByWeightAndGradient(lambda: Double) throws {
    let mest = try method(.mest, ["gradient_weight": lambda, "drop_fraction": 0.3])
    var random = RandomSource(seed: 3)
    let fleet = try Fleet<Double>(mest, [(20, 30, 200)]) { _, _ in random.uniform() - 0.5 }
    let subject = fleet.subjects[0]
    let pattern = subject.pattern
    subject.gradients = Gradients(columns: 30) { Double(($0 * 13 + $1 * 7) % 97) / 97 - 0.5 }
    let slopes = subject.gradient
    let scores = (0..<200).map { subject.weights[$0].magnitude + lambda * slopes[$0].magnitude }
    let places = fleet.positions(0)
    let survivors = (0..<200).sorted { scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1] }.prefix(140)
    try fleet.topology.evolve(step: 0)
    for slot in survivors { #expect(pattern.slot(row: places[slot].row, column: places[slot].column) != nil) }
    #expect(pattern.connections == 200)
    #expect(fleet.topology.layers[0].dropped <= 60 && fleet.topology.layers[0].dropped > 0)
  }

  /// MEST's soft bound: thinned to the bound, grown beyond it by a fraction that falls, and within it at the end.
  @Test(arguments: [90, 95, 100]) func theSoftBoundIsKeptAtTheEnd(until: Int) throws {
    let mest = try method(.mest, ["soft": 1, "drop_fraction": 0.2, "every": 10, "begin": 10, "until": Double(until)])
    let fleet = try Fleet<Float>(mest, [(30, 40, 120)]) { Float($1 + 1) }
    var counts: [Int] = []
    for step in 1...120 where fleet.topology.isDue(step: step) {
      fleet.topology.noteDue(step: step)
      let fraction = 0.2 * (1 - Double(step - 10) / Double(until - 10))
      try fleet.topology.evolve(step: step)
      counts.append(fleet.counts[0])
      let isLast = step + 10 > until
      #expect(fleet.counts[0] == 120 + (isLast ? 0 : Int(Float(120) * Float(fraction))), "\(step)")
      #expect(fleet.subjects[0].pattern.connections <= fleet.subjects[0].pattern.capacity)
      #expect(fleet.subjects[0].pattern.violation() == nil)
    }
    #expect(counts.first == 144 && counts.last == 120)
  }

  /// Top-KAST on the weights of RigL's vector: of 10 positions 5 are stored, the largest 3 take part in forward, and their
  /// penalties are 1.55 and 0.1 / 0.3.
  @Test func topKASTExplores() throws {
    let weights = [0.5, -0.1, 0, 0.02, 0.9, 0, -0.3, 0, 0.05, -0.7]
    let decay = 1e-6
    let kast = try method(.topKast, ["forward_share": 0.6, "drop_fraction": 0.4, "exploration_decay": decay])
    for rows in [1, 2, 5] {
      let layer = try Layer<Double>(
        mask: [1, 1, 0, 0, 1, 0, 1, 0, 0, 1], rows: rows, weights: weights, moments: weights)
      let subject = Subject<Double>(layer.pattern)
      for slot in 0..<5 { subject.weights[slot] = layer.weights[slot] }
      let topology = try TopologyInstance(kast, layers: [(subject, layer.pattern)], seed: 1, streams: [0])
      topology.selectForward()
      let columns = 10 / rows
      #expect(subject.forward?.map { $0.row * columns + $0.column } == [0, 4, 9])
      topology.beforeStep()
      var penalties = [0.0, 0]
      for (position, (old, new)) in zip(layer.positions, zip(layer.weights, (0..<5).map { subject.weights[$0] })) {
        let isActive = subject.forward?.contains(position) == true
        penalties[isActive ? 0 : 1] += old * (old - new) / (subject.learningRate * decay)
      }
      // Differences of 1e-7 of the weights: 9 digits are left.
      #expect(abs(penalties[0] - 1.55) < 1e-7 && abs(penalties[1] - 0.1 / 0.3) < 1e-7)
      // The smallest two of what is stored go, which are those that only explore.
      try topology.evolve(step: 0)
      let left = (0..<5).map { subject.weights[$0].magnitude }.sorted()
      #expect(left[2] > 0.4 && layer.pattern.connections == 5)
      #expect(subject.forward?.map { $0.row * columns + $0.column } == [0, 4, 9])
    }
    var wrong = kast
    try wrong.set("drop_fraction", 0.5)
    #expect(throws: Failure.self) { try wrong.check() }
    #expect(throws: Failure.self) { try method(.set, ["exploration_decay": 1]).check() }
  }

  /// DeepR: exactly those go whose weight has changed its sign since the last update; as many come; a weight of 0 has the
  /// sign that was drawn for it.
  @Test func deepRDropsFlippedSigns() throws {
    let deepR = try method(.deepR)
    for shape in uglyShapes where shape.connections < shape.rows * shape.columns && shape.connections < 2000 {
      var random = RandomSource(seed: 17)
      let fleet = try Fleet<Double>(deepR, [shape]) { _, _ in random.uniform() - 0.5 }
      let subject = fleet.subjects[0]
      fleet.topology.begin()
      for _ in 0..<4 {
        let before = fleet.state(0)
        var flipped = Set<Position>()
        for (slot, position) in fleet.positions(0).enumerated() where subject.weights[slot] != 0 && random.below(4) == 0 {
          subject.weights[slot] *= -1
          flipped.insert(position)
        }
        try fleet.topology.evolve(step: 0)
        #expect(fleet.counts == [shape.connections] && subject.pattern.violation() == nil)
        #expect(fleet.topology.layers[0].dropped == flipped.count)
        let after = fleet.state(0)
        for (position, value) in before where !flipped.contains(position) {
          #expect(after[position]?.weight == value.weight && after[position]?.moment == value.moment)
        }
        for (position, value) in after where before[position] == nil || flipped.contains(position) {
          #expect(value.weight == 0 && value.moment == 0)
        }
        // Those that came take a value of the sign drawn for them, or of the other one, which costs them their place.
        let fresh = after.filter { $0.value.weight == 0 }.count
        for slot in 0..<shape.connections where subject.weights[slot] == 0 { subject.weights[slot] = 0.25 }
        try fleet.topology.evolve(step: 0)
        #expect(fleet.topology.layers[0].dropped <= fresh)
        let later = fleet.state(0)
        for (position, value) in before where !flipped.contains(position) && value.weight != 0 {
          #expect(later[position]?.weight == value.weight)
        }
      }
    }
  }

  @Test func deepRDrawsBothSigns() throws {
    // All new: weights of 0 have a sign of their own from the start.
    let fleet = try Fleet<Float>(try method(.deepR), [(50, 100, 2000)]) { _, _ in 0 }
    fleet.topology.begin()
    for slot in 0..<2000 { fleet.subjects[0].weights[slot] = 1 }
    try fleet.topology.evolve(step: 0)
    // Binomial with mean 1000 and deviation 22.4.
    #expect(abs(fleet.topology.layers[0].dropped - 1000) < 112)
    // Grown with a weight, a connection has that weight's sign and stays.
    var method = try method(.deepR)
    try method.set("grown_weight", 1)
    let grown = try Fleet<Float>(method, [(50, 100, 2000)]) { _, _ in 1 }
    grown.topology.begin()
    for slot in 0..<500 { grown.subjects[0].weights[slot] = -1 }
    try grown.topology.evolve(step: 0)
    #expect(grown.topology.layers[0].dropped == 500)
    try grown.topology.evolve(step: 0)
    #expect(grown.topology.layers[0].dropped == 0)
  }

  /// Noise of the given deviation on every weight, and a pull towards 0.
  @Test func deepRDisturbs() throws {
    let fleet = try Fleet<Double>(try method(.deepR, ["noise": 0.01, "shrink": 0.001]), [(100, 100, 5000)]) { _, slot in
      slot % 2 == 0 ? 5 : -5
    }
    try fleet.topology.evolve(step: 0)
    let changes = (0..<5000).map { slot -> Double in
      let w = fleet.subjects[0].weights[slot]
      return w - (w > 0 ? 4.999 : -4.999)
    }
    let mean = changes.reduce(0, +) / 5000
    let deviation = (changes.reduce(0) { $0 + $1 * $1 } / 5000).squareRoot()
    // Standard errors: 0.01 / sqrt(5000) = 1.4e-4, and 0.01 / sqrt(10000) = 1e-4.
    #expect(abs(mean) < 7e-4 && abs(deviation - 0.01) < 5e-4)
  }

  /// ITOP's unfired growth: what has never been connected comes first, and the count of all that ever were is exact.
  @Test func unfiredPositionsComeFirst() throws {
    let itop = try method(.itop, ["drop_fraction": 0.4, "decay": 0])
    for shape in uglyShapes where shape.connections < 4000 {
      let fleet = try Fleet<Float>(itop, [shape]) { Float(($1 &* 37) % 101 + 1) }
      var seen = Set(fleet.positions(0))
      let all = shape.rows * shape.columns
      for round in 0..<6 {
        let unseen = all - seen.count
        let before = Set(fleet.positions(0))
        let wanted = min(shape.connections, Int((0.4 * Double(shape.connections)).rounded(.up)))
        try fleet.topology.evolve(step: 0)
        let after = Set(fleet.positions(0))
        let fresh = after.subtracting(seen).count
        #expect(fresh == min(unseen, wanted), "\(shape), \(round)")
        #expect(after.subtracting(before).count == fleet.topology.layers[0].grown)
        seen.formUnion(after)
        // Where there are bits, exact; else an estimate with a deviation of 0.8 %.
        #expect(fleet.topology.layers[0].exploredCount == seen.count)
        #expect(fleet.counts == [shape.connections] && fleet.subjects[0].pattern.violation() == nil)
      }
    }
  }

  /// In a layer with too many positions for bits, ITOP still goes where there was no connection lately; memory stays linear in
  /// the connections, and a filter that fills up starts anew, with those that there are.
  @Test func unfiredGrowthInHugeLayers() throws {
    let itop = try method(.itop, ["drop_fraction": 0.5, "decay": 0])
    let fleet = try Fleet<Float>(itop, [(30_000, 30_000, 1000)]) { _, _ in 1 }
    #expect(fleet.topology.bytes < 80 * 1000 + 20_000)
    var seen = Set(fleet.positions(0))
    var newest = 0
    // 60 updates put in 30 times the connections: the filter is half full after about 22 times.
    for round in 0..<60 {
      let before = Set(fleet.positions(0))
      try fleet.topology.evolve(step: 0)
      let grown = Set(fleet.positions(0)).subtracting(before)
      #expect(grown.count == 500 && fleet.counts == [1000] && fleet.subjects[0].pattern.violation() == nil)
      if round < 30 { #expect(grown.isDisjoint(with: seen), "\(round)") }
      seen.formUnion(grown)
      newest = max(newest, seen.count)
    }
    #expect(newest > 30_000)
  }

  /// R_s of a huge layer is estimated; 5 standard errors of 0.8 %.
  @Test func exploredIsEstimatedInHugeLayers() throws {
    let set = try method(.set, ["drop_fraction": 0.5])
    let fleet = try Fleet<Float>(set, [(100_000, 100_000, 20_000)]) { _, _ in 1 }
    var seen = Set(fleet.positions(0))
    for _ in 0..<5 {
      try fleet.topology.evolve(step: 0)
      seen.formUnion(fleet.positions(0))
    }
    let count = fleet.topology.layers[0].exploredCount
    #expect(abs(Double(count) / Double(seen.count) - 1) < 0.04)
    #expect(fleet.topology.bytes < 60 * 20_000 + 20_000)
  }

  /// Expected distinct draws of SET's original construction, which draws epsilon (in + out) positions with replacement; the
  /// share of the matrix that this is, is SET's density here, with an exact count.
  @Test(arguments: [(784, 1000, 35_680, 34_880.3), (1000, 1000, 40_000, 39_210.6)])
  func theDensityOfEpsilon(inputs: Int, units: Int, draws: Int, distinct: Double) {
    let positions = Double(inputs * units)
    let density = 20 * Double(inputs + units) / positions
    #expect(Distribution.connections(density: density, positions: inputs * units) == draws)
    var random = RandomSource(seed: 5)
    var seen = Set<Int>()
    for _ in 0..<draws { seen.insert(random.below(inputs * units)) }
    // The number of collisions is about Poisson, of mean draws - distinct.
    #expect(abs(Double(seen.count) - distinct) < 5 * (Double(draws) - distinct).squareRoot())
  }
}
