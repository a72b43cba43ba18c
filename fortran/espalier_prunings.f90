!> Prunings: criteria by which connections are taken away, before training, after it, or between.
module espalier_prunings
  use, intrinsic :: iso_c_binding, only: c_int, c_null_ptr, c_ptr
  use :: espalier_c, only: espalier_ok, espalier_prune_fisher, espalier_prune_grasp, espalier_prune_magnitude, &
    espalier_prune_obs, espalier_prune_random, espalier_prune_snip, espalier_prune_sparsegpt, espalier_prune_synflow, &
    espalier_pruning_create, espalier_pruning_destroy, espalier_pruning_set
  use :: espalier_options, only: option_list
  use :: espalier_support, only: conclude, terminated
  implicit none
  private
  public :: discard_pruning_handle, fisher, grasp, new_pruning_handle, obs, prune_magnitude, prune_random, pruning, snip, &
    sparse_gpt, synflow

  character(*), parameter :: scopes(0:2) = [character(12) :: "layer", "global", "distribution"]
  character(*), parameter :: distributions(0:3) = [character(19) :: &
    "uniform", "erdos_renyi", "erdos_renyi_kernel", "first_dense"]

  !> The description of a pruning, a plain value: the result of [[prune_random]], [[prune_magnitude]], [[snip]], [[grasp]],
  !> [[synflow]], [[fisher]], [[obs]] or [[sparse_gpt]]. Arguments that every function has:
  !>
  !> - `density`: the share of the positions that keeps its connection, in (0, 1] (0.1), a real of either kind
  !> - `scope`: what it is the density of: "layer", each layer; "global", all layers together, with one threshold over their
  !>   scores; "distribution", all layers together, each at the density that `distribution` gives it
  !> - `distribution`: "erdos_renyi_kernel" (default), "erdos_renyi", "uniform", "first_dense"
  type :: pruning
    private
    integer(c_int) :: criterion = espalier_prune_random
    type(option_list) :: options
  end type

contains

  type(pruning) function prune_random(density, scope, distribution) result(description)
    !! At random: every set of connections is equally likely to stay. `scope` is "layer".
    class(*), intent(in), optional :: density
    character(*), intent(in), optional :: scope, distribution
    description%criterion = espalier_prune_random
    call shares(description%options, density, scope, distribution)
  end function

  type(pruning) function prune_magnitude(density, scope, distribution, n, m) result(description)
    !! The largest |w| stay. `scope` is "layer".
    class(*), intent(in), optional :: density
    character(*), intent(in), optional :: scope, distribution
    integer, intent(in), optional :: n, m
      !! With both each unit keeps at most n of each m inputs that follow one another, instead of a density.
    description%criterion = espalier_prune_magnitude
    call shares(description%options, density, scope, distribution)
    call description%options%add("n", n)
    call description%options%add("m", m)
  end function

  type(pruning) function snip(density, scope, distribution, rounds, temperature) result(description)
    !! SNIP: the largest |g w| stay, g being the derivative of the loss (Lee et al. 2019). `scope` is "global". Needs samples:
    !! one batch is what the paper takes.
    class(*), intent(in), optional :: density
    character(*), intent(in), optional :: scope, distribution
    integer, intent(in), optional :: rounds
      !! After each the scores are computed anew (1).
    class(*), intent(in), optional :: temperature
      !! The outputs are divided by it in a loss that takes logits (1), a real of either kind.
    description%criterion = espalier_prune_snip
    call shares(description%options, density, scope, distribution)
    call description%options%add("rounds", rounds)
    call description%options%add("temperature", temperature)
  end function

  type(pruning) function grasp(density, scope, distribution, rounds, temperature) result(description)
    !! GraSP: what goes would hinder the flow of the gradient most; the largest w (H g) stay (Wang et al. 2020). `scope` is
    !! "global". Needs samples: the paper takes ten of each class. Where the network's inputs are never negative, nearly all
    !! first weights that stay are positive, and outputs are large: train the pattern from other weights than were judged, as the
    !! paper's code does with linear layers; docs/Sparsity.md has figures.
    class(*), intent(in), optional :: density
    character(*), intent(in), optional :: scope, distribution
    integer, intent(in), optional :: rounds
      !! After each the scores are computed anew (1).
    class(*), intent(in), optional :: temperature
      !! The outputs are divided by it in a loss that takes logits (200), a real of either kind.
    description%criterion = espalier_prune_grasp
    call shares(description%options, density, scope, distribution)
    call description%options%add("rounds", rounds)
    call description%options%add("temperature", temperature)
  end function

  type(pruning) function synflow(density, scope, distribution, rounds) result(description)
    !! SynFlow: what stays carries the most from input to output, by weights alone (Tanaka et al. 2020). `scope` is "global".
    !! Needs no samples.
    class(*), intent(in), optional :: density
    character(*), intent(in), optional :: scope, distribution
    integer, intent(in), optional :: rounds
      !! After each the scores are computed anew (100).
    description%criterion = espalier_prune_synflow
    call shares(description%options, density, scope, distribution)
    call description%options%add("rounds", rounds)
  end function

  type(pruning) function fisher(density, scope, distribution, rounds, temperature) result(description)
    !! Optimal brain damage: the largest w**2/2 times the mean of the samples' squared derivatives stay (LeCun et al. 1990, with
    !! the empirical Fisher matrix). `scope` is "global". Needs samples; meant for a network that is trained.
    class(*), intent(in), optional :: density
    character(*), intent(in), optional :: scope, distribution
    integer, intent(in), optional :: rounds
      !! After each the scores are computed anew (1).
    class(*), intent(in), optional :: temperature
      !! The outputs are divided by it in a loss that takes logits (1), a real of either kind.
    description%criterion = espalier_prune_fisher
    call shares(description%options, density, scope, distribution)
    call description%options%add("rounds", rounds)
    call description%options%add("temperature", temperature)
  end function

  type(pruning) function obs(density, scope, distribution, n, m, damping) result(description)
    !! Optimal brain surgeon: connection by connection goes what costs least, and the weights that stay make up for it, so that
    !! each layer's outputs on the samples change as little as can be (Hassibi and Stork 1993, Frantar and Alistarh 2022).
    !! `scope` is "layer". Needs samples, no targets; meant for a network that is trained. Time: units times inputs**3.
    class(*), intent(in), optional :: density
    character(*), intent(in), optional :: scope, distribution
    integer, intent(in), optional :: n, m
      !! With both each unit keeps at most n of each m inputs that follow one another, instead of a density.
    class(*), intent(in), optional :: damping
      !! Share of the mean diagonal that is added to the inputs' second moments (0.01), a real of either kind.
    description%criterion = espalier_prune_obs
    call shares(description%options, density, scope, distribution)
    call description%options%add("n", n)
    call description%options%add("m", m)
    call description%options%add("damping", damping)
  end function

  type(pruning) function sparse_gpt(density, scope, distribution, n, m, damping, block) result(description)
    !! SparseGPT: the same end as [[obs]], input by input and much faster (Frantar and Alistarh 2023); for dense layers, as its
    !! scores do not know which inputs a unit lacks. `scope` is "layer" or "distribution". Needs samples, no targets; meant for a network that is trained. Time: inputs**3.
    class(*), intent(in), optional :: density
    character(*), intent(in), optional :: scope, distribution
    integer, intent(in), optional :: n, m
      !! With both each unit keeps at most n of each m inputs that follow one another, instead of a density.
    class(*), intent(in), optional :: damping
      !! Share of the mean diagonal that is added to the inputs' second moments (0.01), a real of either kind.
    integer, intent(in), optional :: block
      !! Inputs that are chosen from at a time (128).
    description%criterion = espalier_prune_sparsegpt
    call shares(description%options, density, scope, distribution)
    call description%options%add("n", n)
    call description%options%add("m", m)
    call description%options%add("damping", damping)
    call description%options%add("block", block)
  end function

  subroutine shares(options, density, scope, distribution)
    type(option_list), intent(inout) :: options
    class(*), intent(in), optional :: density
    character(*), intent(in), optional :: scope, distribution
    call options%add("density", density)
    call options%add_name("scope", scope, scopes)
    call options%add_name("distribution", distribution, distributions)
  end subroutine

  subroutine new_pruning_handle(description, handle, stat, errmsg)
    !! Make the library's object for a description; the caller discards it. `c_null_ptr` after a failure.
    type(pruning), intent(in) :: description
    type(c_ptr), intent(out) :: handle
    integer, intent(out) :: stat
    character(*), intent(inout) :: errmsg
    integer :: i
    handle = c_null_ptr
    call description%options%check("pruning", stat, errmsg)
    if (stat /= espalier_ok) return
    call conclude(espalier_pruning_create(description%criterion, handle), stat, errmsg)
    do i = 1, description%options%count
      if (stat /= espalier_ok) exit
      call conclude(espalier_pruning_set(handle, terminated(description%options%names(i)), &
                                         description%options%values(i)), stat, errmsg)
    end do
    if (stat /= espalier_ok) call discard_pruning_handle(handle)
  end subroutine

  subroutine discard_pruning_handle(handle)
    type(c_ptr), intent(inout) :: handle
    integer(c_int) :: ignored
    ignored = espalier_pruning_destroy(handle)
    handle = c_null_ptr
  end subroutine

end module espalier_prunings
