!> Topology methods: how the pattern of a layer changes while it trains. The methods are functions of [[espalier_methods]];
!> this module has what they return.
module espalier_topologies
  use, intrinsic :: iso_c_binding, only: c_int, c_null_ptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: real64
  use :: espalier_c, only: espalier_error_invalid_argument, espalier_ok, espalier_static, espalier_topology_create, &
    espalier_topology_destroy, espalier_topology_set
  use :: espalier_options, only: option_list
  use :: espalier_support, only: conclude, message_length, named, terminated
  implicit none
  private
  public :: new_topology, new_topology_handle, topology, topology_method

  character(*), parameter :: methods(0:13) = [character(8) :: "static", "set", "rigl", "snfs", "itop", "granet", "mest", &
    "top_kast", "gradual", "acdc", "deepr", "dsr", "sampled", "srigl"]

  !> The description of a topology method, a plain value: the result of [[topology_method]] or of a function of
  !> [[espalier_methods]].
  type :: topology
    private
    integer(c_int) :: method = espalier_static
    type(option_list) :: options
  contains
    procedure, private :: set_option
    generic, public :: set => set_option
      !! Set an option by the name that it has in `espalier_topology_set` of `espalier.h`: a real of either kind, an integer,
      !! a logical, or for one with named choices the name in small letters: `call method%set("grow", "unfired")`. What is
      !! wrong with it is told where the description is used.
  end type

contains

  type(topology) function new_topology(method) result(description)
    !! By number, with its defaults.
    integer(c_int), intent(in) :: method
    description%method = method
  end function

  type(topology) function topology_method(name, every, begin, until, drop_fraction, decay, minimum_drop_fraction) &
    result(description)
    !! Any method by name, for those whose options go beyond the function's; see `set` of [[topology]].
    character(*), intent(in) :: name
      !! "static", "set", "rigl", "snfs", "itop", "granet", "mest", "top_kast", "gradual", "acdc", "deepr", "dsr", "sampled" or
      !! "srigl".
    integer, intent(in), optional :: every, begin, until
      !! Time between updates, first time of an update, last one.
    class(*), intent(in), optional :: drop_fraction
      !! Share of the connections that move, a real of either kind.
    character(*), intent(in), optional :: decay
      !! Of the drop fraction: "constant", "cosine", "linear", "exponential", "inverse_power" or "learning_rate".
    class(*), intent(in), optional :: minimum_drop_fraction
      !! Where a decay ends.
    integer(c_int) :: position
    integer :: status
    character(message_length) :: message
    call named(name, methods, "topology method", position, status, message)
    if (status == espalier_ok) then
      description%method = position
    else
      call description%options%spoil(status, message)
    end if
    call description%options%add("every", every)
    call description%options%add("begin", begin)
    call description%options%add("until", until)
    call description%options%add("drop_fraction", drop_fraction)
    call description%options%add("minimum_drop_fraction", minimum_drop_fraction)
    if (present(decay)) call description%set("decay", decay)
  end function

  subroutine set_option(self, name, value)
    class(topology), intent(inout) :: self
    character(*), intent(in) :: name
    class(*), intent(in) :: value
    select type (value)
    type is (logical)
      call self%options%add_flag(name, value)
    type is (character(*))
      call set_choice(self%options, name, value)
    class default
      call self%options%add(name, value)
    end select
  end subroutine

  subroutine set_choice(options, name, value)
    type(option_list), intent(inout) :: options
    character(*), intent(in) :: name, value
    select case (name)
    case ("clock")
      call options%add_name(name, value, [character(8) :: "steps", "epochs"])
    case ("decay")
      call options%add_name(name, value, [character(16) :: "constant", "cosine", "linear", "exponential", "inverse_power", &
                                          "learning_rate"])
    case ("drop")
      call options%add_name(name, value, [character(24) :: "magnitude", "weight_gradient", "weight_plus_gradient", &
                                          "magnitude_increase", "sign_flip", "random", "thresholds", "callback"])
    case ("rounding")
      call options%add_name(name, value, [character(8) :: "truncate", "up"])
    case ("scope")
      call options%add_name(name, value, [character(8) :: "layer", "global"])
    case ("grow")
      call options%add_name(name, value, [character(8) :: "random", "gradient", "momentum", "unfired", "sampled", "callback"])
    case ("sampling")
      call options%add_name(name, value, [character(8) :: "uniform", "activity", "sketch"])
    case ("just_dropped")
      call options%add_name(name, value, [character(8) :: "keep", "restart", "exclude"])
    case ("grow_weight")
      call options%add_name(name, value, [character(16) :: "zero", "normal", "uniform", "layer_normal"])
    case ("redistribute")
      call options%add_name(name, value, [character(16) :: "none", "momentum", "connections"])
    case default
      call options%spoil(espalier_error_invalid_argument, name // ' has no named choices, got "' // trim(value) // '"')
    end select
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
