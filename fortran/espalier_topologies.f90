!> Topology methods: how the pattern of a layer changes while it trains.
module espalier_topologies
  use, intrinsic :: iso_c_binding, only: c_int, c_null_ptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: real64
  use :: espalier_c, only: espalier_ok, espalier_rigl, espalier_set, espalier_static, espalier_topology_create, &
    espalier_topology_destroy, espalier_topology_set
  use :: espalier_options, only: option_list
  use :: espalier_support, only: conclude, terminated
  implicit none
  private
  public :: new_topology_handle, rigl, set, static, topology

  character(*), parameter :: decays(0:1) = [character(8) :: "constant", "cosine"]

  !> The description of a topology method, a plain value: the result of [[static]], [[set]] or [[rigl]].
  type :: topology
    private
    integer(c_int) :: method = espalier_static
    type(option_list) :: options
  end type

contains

  type(topology) function static() result(description)
    !! The pattern stays as it was drawn or given.
    description%method = espalier_static
  end function

  type(topology) function set(every, begin, until, drop_fraction, decay, published, minimum_drop_fraction) result(description)
    !! SET: drop the smallest weights, grow at random (Mocanu et al. 2018).
    integer, intent(in), optional :: every, begin, until
      !! Steps between updates (100), first step at which one may happen (`every`), last one (none).
    class(*), intent(in), optional :: drop_fraction
      !! Share of the connections that move (0.3), a real of either kind.
    character(*), intent(in), optional :: decay
      !! Of the drop fraction: "constant" (default) or "cosine".
    logical, intent(in), optional :: published
      !! Drop by the thresholds of the original code, signs apart.
    class(*), intent(in), optional :: minimum_drop_fraction
      !! Where a cosine decay ends (0), a real of either kind.
    description%method = espalier_set
    call schedule(description%options, every, begin, until, drop_fraction, decay, minimum_drop_fraction)
    call description%options%add_flag("published", published)
  end function

  type(topology) function rigl(every, begin, until, drop_fraction, decay, minimum_drop_fraction) result(description)
    !! RigL: drop the smallest weights, grow where the gradient is largest (Evci et al. 2020).
    integer, intent(in), optional :: every, begin, until
      !! Steps between updates (100), first step at which one may happen (`every`), last one (none).
    class(*), intent(in), optional :: drop_fraction
      !! Share of the connections that move (0.3), a real of either kind.
    character(*), intent(in), optional :: decay
      !! Of the drop fraction: "cosine" (default; without `until` it is constant) or "constant".
    class(*), intent(in), optional :: minimum_drop_fraction
      !! Where a cosine decay ends (0), a real of either kind.
    description%method = espalier_rigl
    call schedule(description%options, every, begin, until, drop_fraction, decay, minimum_drop_fraction)
  end function

  subroutine schedule(options, every, begin, until, drop_fraction, decay, minimum_drop_fraction)
    type(option_list), intent(inout) :: options
    integer, intent(in), optional :: every, begin, until
    class(*), intent(in), optional :: drop_fraction, minimum_drop_fraction
    character(*), intent(in), optional :: decay
    call options%add("every", every)
    call options%add("begin", begin)
    call options%add("until", until)
    call options%add("drop_fraction", drop_fraction)
    call options%add("minimum_drop_fraction", minimum_drop_fraction)
    call options%add_name("decay", decay, decays)
  end subroutine

  subroutine new_topology_handle(description, handle, stat, errmsg)
    !! Make the library's object for a description; the caller destroys it. `c_null_ptr` after a failure.
    type(topology), intent(in) :: description
    type(c_ptr), intent(out) :: handle
    integer, intent(out) :: stat
    character(*), intent(inout) :: errmsg
    integer :: i
    handle = c_null_ptr
    call description%options%check("topology", stat, errmsg)
    if (stat /= espalier_ok) return
    call conclude(espalier_topology_create(description%method, handle), stat, errmsg)
    do i = 1, description%options%count
      if (stat /= espalier_ok) exit
      call conclude(espalier_topology_set(handle, terminated(description%options%names(i)), &
                                          description%options%values(i)), stat, errmsg)
    end do
    if (stat /= espalier_ok) call discard(handle)
  end subroutine

  subroutine discard(handle)
    type(c_ptr), intent(inout) :: handle
    integer(c_int) :: ignored
    ignored = espalier_topology_destroy(handle)
    handle = c_null_ptr
  end subroutine

end module espalier_topologies
