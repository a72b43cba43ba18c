!> The topology methods as functions of their options. Every argument but those that a method cannot do without is optional;
!> reals may be of either kind; names, meanings and defaults are those of `espalier_topology_set` in `espalier.h`, where there
!> are more, for `set` of [[topology]]. Times are optimizer steps of the layer, or epochs after `call method%set("clock",
!> "epochs")`.
module espalier_methods
  use :: espalier_c, only: espalier_static
  use :: espalier_topologies, only: new_topology, topology, topology_method
  implicit none
  private
  public :: acdc, deepr, dsr, gradual, granet, itop, mest, rigl, sampled, set, snfs, srigl, static, str, top_kast

contains

  type(topology) function static() result(description)
    !! The pattern stays as it was drawn or given.
    description = new_topology(espalier_static)
  end function

  type(topology) function set(every, begin, until, drop_fraction, decay, published, minimum_drop_fraction) result(description)
    !! SET: drop the smallest weights, grow at random (Mocanu et al. 2018).
    integer, intent(in), optional :: every, begin, until
      !! Time between updates (100), first time at which one may happen (`every`), last one (none).
    class(*), intent(in), optional :: drop_fraction
      !! Share of the connections that move (0.3), a real of either kind.
    character(*), intent(in), optional :: decay
      !! Of the drop fraction: "constant", "cosine", "linear", "exponential" (these three need `until`), "inverse_power" or
      !! "learning_rate"; the default is "constant".
    class(*), intent(in), optional :: minimum_drop_fraction
      !! Where a decay ends (0).
    logical, intent(in), optional :: published
      !! Drop by the thresholds of the original code, signs apart.
    description = topology_method("set", every, begin, until, drop_fraction, decay, minimum_drop_fraction)
    if (present(published)) call description%set("published", published)
  end function

  type(topology) function rigl(every, begin, until, drop_fraction, decay, minimum_drop_fraction, gradient_batches) &
    result(description)
    !! RigL: drop the smallest weights, grow where the gradient is largest (Evci et al. 2020). An update takes the place of
    !! the optimizer's step.
    integer, intent(in), optional :: every, begin, until
      !! Time between updates (100), first time at which one may happen (`every`), last one (none).
    class(*), intent(in), optional :: drop_fraction
      !! Share of the connections that move (0.3), a real of either kind.
    character(*), intent(in), optional :: decay
      !! Of the drop fraction: "constant", "cosine", "linear", "exponential" (these three need `until`), "inverse_power" or
      !! "learning_rate"; the default is "cosine".
    class(*), intent(in), optional :: minimum_drop_fraction
      !! Where a decay ends (0).
    integer, intent(in), optional :: gradient_batches
      !! Batches whose gradients count, the newest (1).
    description = topology_method("rigl", every, begin, until, drop_fraction, decay, minimum_drop_fraction)
    if (present(gradient_batches)) call description%set("gradient_batches", gradient_batches)
  end function

  type(topology) function snfs(every, begin, until, drop_fraction, decay, minimum_drop_fraction, gradient_batches, &
    gradient_decay, room, published) result(description)
    !! SNFS: grow by an exponential mean of gradients, spread over the layers by their momentum (Dettmers and Zettlemoyer
    !! 2019).
    integer, intent(in), optional :: every, begin, until
      !! Time between updates (100), first time at which one may happen (`every`), last one (none).
    class(*), intent(in), optional :: drop_fraction
      !! Share of the connections that move (0.5), a real of either kind.
    character(*), intent(in), optional :: decay
      !! Of the drop fraction: "constant", "cosine", "linear", "exponential" (these three need `until`), "inverse_power" or
      !! "learning_rate"; the default is "cosine".
    class(*), intent(in), optional :: minimum_drop_fraction
      !! Where a decay ends (0.005).
    integer, intent(in), optional :: gradient_batches
      !! Batches that the mean is taken over (22); their panels are kept.
    class(*), intent(in), optional :: gradient_decay
      !! Factor on a batch's weight for each later one (0.9).
    class(*), intent(in), optional :: room
      !! A layer has room for so many times the mean number of connections of the layers (2).
    logical, intent(in), optional :: published
      !! Spread as the original code does, whose number of connections floats; otherwise it stays exactly what it was.
    description = topology_method("snfs", every, begin, until, drop_fraction, decay, minimum_drop_fraction)
    if (present(gradient_batches)) call description%set("gradient_batches", gradient_batches)
    if (present(gradient_decay)) call description%set("gradient_decay", gradient_decay)
    if (present(room)) call description%set("room", room)
    if (present(published)) call description%set("published", published)
  end function

  type(topology) function itop(every, begin, until, drop_fraction, decay, minimum_drop_fraction) result(description)
    !! ITOP: grow where there has never been a connection (Liu et al. 2021).
    integer, intent(in), optional :: every, begin, until
      !! Time between updates (100), first time at which one may happen (`every`), last one (none).
    class(*), intent(in), optional :: drop_fraction
      !! Share of the connections that move (0.5), a real of either kind.
    character(*), intent(in), optional :: decay
      !! Of the drop fraction: "constant", "cosine", "linear", "exponential" (these three need `until`), "inverse_power" or
      !! "learning_rate"; the default is "cosine".
    class(*), intent(in), optional :: minimum_drop_fraction
      !! Where a decay ends (0.005).
    description = topology_method("itop", every, begin, until, drop_fraction, decay, minimum_drop_fraction)
  end function

  type(topology) function granet(final_density, density_end, density_begin, every, until, drop_fraction, decay) &
    result(description)
    !! GraNet: thin to `final_density` while some connections regenerate by gradient (Liu et al. 2021).
    class(*), intent(in) :: final_density
      !! Of the connections, in (0, 1].
    integer, intent(in) :: density_end
      !! The time at which it is reached for good.
    integer, intent(in), optional :: density_begin
      !! The time until which nothing goes (0).
    integer, intent(in), optional :: every, until
      !! Time between updates (100), last one (none).
    class(*), intent(in), optional :: drop_fraction
      !! Share of the connections that regenerate (0.5), a real of either kind.
    character(*), intent(in), optional :: decay
      !! Of the drop fraction ("cosine"; constant without `until`).
    description = topology_method("granet", every, until=until, drop_fraction=drop_fraction, decay=decay)
    call description%set("final_density", final_density)
    call description%set("density_end", density_end)
    if (present(density_begin)) call description%set("density_begin", density_begin)
  end function

  type(topology) function mest(every, begin, until, drop_fraction, decay, minimum_drop_fraction, gradient_weight, soft) &
    result(description)
    !! MEST: drop by |w| + `gradient_weight` |g|, grow at random (Yuan et al. 2021).
    integer, intent(in), optional :: every, begin, until
      !! Time between updates (100), first time at which one may happen (`every`), last one (none).
    class(*), intent(in), optional :: drop_fraction
      !! Share of the connections that move (0.2), a real of either kind.
    character(*), intent(in), optional :: decay
      !! Of the drop fraction: "constant", "cosine", "linear", "exponential" (these three need `until`), "inverse_power" or
      !! "learning_rate"; the default is "linear".
    class(*), intent(in), optional :: minimum_drop_fraction
      !! Where a decay ends (0).
    class(*), intent(in), optional :: gradient_weight
      !! Of the gradient in the score (1).
    logical, intent(in), optional :: soft
      !! An update grows on top of the number at the start, the next one drops down to it.
    description = topology_method("mest", every, begin, until, drop_fraction, decay, minimum_drop_fraction)
    if (present(gradient_weight)) call description%set("gradient_weight", gradient_weight)
    if (present(soft)) call description%set("soft", soft)
  end function

  type(topology) function top_kast(every, begin, until, drop_fraction, decay, minimum_drop_fraction, forward_share, &
    exploration_decay) result(description)
    !! Top-KAST: forward goes through the largest weights only, backward through all that are stored (Jayakumar et al. 2020).
    integer, intent(in), optional :: every, begin, until
      !! Time between updates (100), first time at which one may happen (`every`), last one (none).
    class(*), intent(in), optional :: drop_fraction
      !! Share of the connections that move (0.1), a real of either kind.
    character(*), intent(in), optional :: decay
      !! Of the drop fraction: "constant", "cosine", "linear", "exponential" (these three need `until`), "inverse_power" or
      !! "learning_rate"; the default is "constant".
    class(*), intent(in), optional :: minimum_drop_fraction
      !! Where a decay ends (0).
    class(*), intent(in), optional :: forward_share
      !! Share of the stored connections that forward uses (0.6).
    class(*), intent(in), optional :: exploration_decay
      !! Before each step weights shrink by the rate times it, those that forward does not use by more (0).
    description = topology_method("top_kast", every, begin, until, drop_fraction, decay, minimum_drop_fraction)
    if (present(forward_share)) call description%set("forward_share", forward_share)
    if (present(exploration_decay)) call description%set("exploration_decay", exploration_decay)
  end function

  type(topology) function gradual(final_density, density_end, density_begin, every, density_power) result(description)
    !! Gradual magnitude pruning: thin to `final_density` with a cubic ramp (Zhu and Gupta 2017).
    class(*), intent(in) :: final_density
      !! Of the connections, in (0, 1].
    integer, intent(in) :: density_end
      !! The time at which it is reached for good.
    integer, intent(in), optional :: density_begin
      !! The time until which nothing goes (0).
    integer, intent(in), optional :: every
      !! Time between updates (100).
    class(*), intent(in), optional :: density_power
      !! Of the ramp (3).
    description = topology_method("gradual", every)
    call description%set("final_density", final_density)
    call description%set("density_end", density_end)
    if (present(density_begin)) call description%set("density_begin", density_begin)
    if (present(density_power)) call description%set("density_power", density_power)
  end function

  type(topology) function acdc(final_density, density_end, phase, density_begin, every) result(description)
    !! AC/DC: `final_density` and all connections in turn, and `final_density` at last (Peste et al. 2021).
    class(*), intent(in) :: final_density
      !! Of the connections, in (0, 1].
    integer, intent(in) :: density_end
      !! The time at which it is reached for good.
    integer, intent(in) :: phase
      !! How long a sparse or a dense phase is.
    integer, intent(in), optional :: density_begin
      !! The time until which nothing goes (0).
    integer, intent(in), optional :: every
      !! Time between updates (100).
    description = topology_method("acdc", every)
    call description%set("final_density", final_density)
    call description%set("density_end", density_end)
    if (present(density_begin)) call description%set("density_begin", density_begin)
    call description%set("phase", phase)
  end function

  type(topology) function deepr(every, begin, until, noise, shrink) result(description)
    !! DeepR: drop what changes its sign, grow as much at random (Bellec et al. 2018).
    integer, intent(in), optional :: every, begin, until
      !! Time between updates (1), first time at which one may happen (`every`), last one (none).
    class(*), intent(in), optional :: noise
      !! Deviation of the normal noise that all weights get after an update (0).
    class(*), intent(in), optional :: shrink
      !! By how much they go nearer to zero then (0).
    description = topology_method("deepr", every, begin, until)
    if (present(noise)) call description%set("noise", noise)
    if (present(shrink)) call description%set("shrink", shrink)
  end function

  type(topology) function dsr(every, begin, until, drop_fraction, decay, minimum_drop_fraction, threshold, tolerance, room) &
    result(description)
    !! Dynamic sparse reparameterisation: drop below a threshold that adapts, spread over the layers (Mostafa and Wang 2019).
    integer, intent(in), optional :: every, begin, until
      !! Time between updates (100), first time at which one may happen (`every`), last one (none).
    class(*), intent(in), optional :: drop_fraction
      !! Share of the connections that move (0.1), a real of either kind.
    character(*), intent(in), optional :: decay
      !! Of the drop fraction: "constant", "cosine", "linear", "exponential" (these three need `until`), "inverse_power" or
      !! "learning_rate"; the default is "constant".
    class(*), intent(in), optional :: minimum_drop_fraction
      !! Where a decay ends (0).
    class(*), intent(in), optional :: threshold
      !! At the start (0.001).
    class(*), intent(in), optional :: tolerance
      !! Of the share that it drops around `drop_fraction` (0.1).
    class(*), intent(in), optional :: room
      !! A layer has room for so many times the mean number of connections of the layers (2).
    description = topology_method("dsr", every, begin, until, drop_fraction, decay, minimum_drop_fraction)
    if (present(threshold)) call description%set("threshold", threshold)
    if (present(tolerance)) call description%set("tolerance", tolerance)
    if (present(room)) call description%set("room", room)
  end function

  type(topology) function sampled(every, begin, until, drop_fraction, decay, minimum_drop_fraction, candidates, sampling) &
    result(description)
    !! Grow by gradient among sampled positions, for layers whose dense gradient cannot be afforded (Heddes et al. 2024).
    integer, intent(in), optional :: every, begin, until
      !! Time between updates (1000), first time at which one may happen (`every`), last one (none).
    class(*), intent(in), optional :: drop_fraction
      !! Share of the connections that move (0.2), a real of either kind.
    character(*), intent(in), optional :: decay
      !! Of the drop fraction: "constant", "cosine", "linear", "exponential" (these three need `until`), "inverse_power" or
      !! "learning_rate"; the default is "cosine".
    class(*), intent(in), optional :: minimum_drop_fraction
      !! Where a decay ends (0).
    class(*), intent(in), optional :: candidates
      !! Sampled positions for each connection (1).
    character(*), intent(in), optional :: sampling
      !! From where: "uniform" (default), "activity" or "sketch".
    description = topology_method("sampled", every, begin, until, drop_fraction, decay, minimum_drop_fraction)
    if (present(candidates)) call description%set("candidates", candidates)
    if (present(sampling)) call description%set("sampling", sampling)
  end function

  type(topology) function srigl(every, begin, until, drop_fraction, decay, minimum_drop_fraction, ablation) &
    result(description)
    !! SRigL: RigL with the same number of connections in every unit (Lasby et al. 2024).
    integer, intent(in), optional :: every, begin, until
      !! Time between updates (100), first time at which one may happen (`every`), last one (none).
    class(*), intent(in), optional :: drop_fraction
      !! Share of the connections that move (0.3), a real of either kind.
    character(*), intent(in), optional :: decay
      !! Of the drop fraction: "constant", "cosine", "linear", "exponential" (these three need `until`), "inverse_power" or
      !! "learning_rate"; the default is "cosine".
    class(*), intent(in), optional :: minimum_drop_fraction
      !! Where a decay ends (0).
    class(*), intent(in), optional :: ablation
      !! A unit with a smaller share of important connections loses all (0.3).
    description = topology_method("srigl", every, begin, until, drop_fraction, decay, minimum_drop_fraction)
    if (present(ablation)) call description%set("ablation", ablation)
  end function

  type(topology) function str(until, every, drop_fraction, threshold_start, threshold_decay, threshold_rate) result(description)
    !! STR: forward takes a threshold off every weight, t = sigmoid(s), and s is learned with the weights (Kusupati et al. 2020).
    !! All connections are stored until the last update, when those below the threshold go and the others become what forward
    !! made of them.
    integer, intent(in), optional :: until
      !! The time of the last update (none: the threshold never ends).
    integer, intent(in), optional :: every
      !! Time between updates (100); the last one is due at a multiple of it.
    class(*), intent(in), optional :: drop_fraction
      !! Share of those below the threshold that an update before the last takes away (0), a real of either kind.
    class(*), intent(in), optional :: threshold_start
      !! s at first (-5).
    class(*), intent(in), optional :: threshold_decay
      !! Weight decay of s (0.01); more makes the network sparser.
    class(*), intent(in), optional :: threshold_rate
      !! Factor on the learning rate (1).
    description = topology_method("str", every, until=until, drop_fraction=drop_fraction)
    if (present(threshold_start)) call description%set("threshold_start", threshold_start)
    if (present(threshold_decay)) call description%set("threshold_decay", threshold_decay)
    if (present(threshold_rate)) call description%set("threshold_rate", threshold_rate)
  end function

end module espalier_methods
