!> Topology methods: how the pattern of a layer changes while it trains. The methods are functions of [[espalier_methods]];
!> this module has what they return.
module espalier_topologies
  use, intrinsic :: iso_c_binding, only: c_funloc, c_funptr, c_int, c_null_funptr, c_null_ptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: real64
  use :: espalier_c, only: espalier_error_invalid_argument, espalier_ok, espalier_score_f32, espalier_score_f64, &
    espalier_static, espalier_topology_create, espalier_topology_destroy, espalier_topology_set, &
    espalier_topology_set_drop_f32, espalier_topology_set_drop_f64, espalier_topology_set_grow_f32, &
    espalier_topology_set_grow_f64
  use :: espalier_options, only: option_list
  use :: espalier_support, only: conclude, message_length, named, terminated
  implicit none
  private
  public :: new_topology, new_topology_handle, topology, topology_method

  character(*), parameter :: methods(0:14) = [character(8) :: "static", "set", "rigl", "snfs", "itop", "granet", "mest", &
    "top_kast", "gradual", "acdc", "deepr", "dsr", "sampled", "srigl", "str"]

  !> A score of the caller's, and what it is given.
  type :: score_function
    integer :: bits = 0
      !! Of the reals that it is for; 0: there is none.
    type(c_funptr) :: address = c_null_funptr
    type(c_ptr) :: user = c_null_ptr
  end type

  !> The description of a topology method, a plain value: the result of [[topology_method]] or of a function of
  !> [[espalier_methods]].
  type :: topology
    private
    integer(c_int) :: method = espalier_static
    type(option_list) :: options
    type(score_function) :: drop, grow
  contains
    procedure, private :: set_option
    generic, public :: set => set_option
      !! Set an option by the name that it has in `espalier_topology_set` of `espalier.h`: a real of either kind, an integer,
      !! a logical, or for one with named choices the name in small letters: `call method%set("grow", "unfired")`. What is
      !! wrong with it is told where the description is used.
    procedure :: set_drop_f32
      !! Drop by a score of one's own, a `bind(c)` function like [[espalier_score_f32]]: it fills one score for each connection,
      !! and the smallest go. For networks of this precision; functions and what `user` points to must live as long as a
      !! network has the method. A worked example:
      !!
      !! ```fortran
      !! integer(c_int) function by_saliency(user, view, scores) bind(c)  ! |w dL/dw|
      !!   type(c_ptr), value :: user
      !!   type(espalier_layer_view), intent(in) :: view
      !!   real(c_float), intent(inout) :: scores(*)
      !!   real(c_float), pointer :: w(:), g(:)
      !!   call c_f_pointer(view%weights, w, [view%connections])
      !!   call c_f_pointer(view%gradients, g, [view%connections])
      !!   scores(:view%connections) = abs(w * g)
      !!   by_saliency = 0  ! anything else stops: espalier_error_stopped, and no pattern has changed
      !! end function
      !! ...
      !! method = rigl(every=100)
      !! call method%set_drop_f32(by_saliency)
      !! call net%set_topology(method)
      !! ```
    procedure :: set_drop_f64
      !! The same for double precision.
    procedure :: set_grow_f32
      !! Grow by a score of one's own: it is called for some units after the others, finds the gradient at each of their
      !! positions in `scores(view%inputs, view%rows)`, one column a unit, and leaves scores there; the largest absolute values
      !! of positions without a connection grow.
    procedure :: set_grow_f64
      !! The same for double precision.
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
      !! "static", "set", "rigl", "snfs", "itop", "granet", "mest", "top_kast", "gradual", "acdc", "deepr", "dsr", "sampled",
      !! "srigl" or "str".
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
      call description%options%spoil(int(status, c_int), message)
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
    case ("grown_weight")
      call options%add_name(name, value, [character(16) :: "zero", "normal", "uniform", "layer_normal"])
    case ("redistribute")
      call options%add_name(name, value, [character(16) :: "none", "momentum", "connections"])
    case default
      call options%spoil(espalier_error_invalid_argument, name // ' has no named choices, got "' // trim(value) // '"')
    end select
  end subroutine

  subroutine set_drop_f32(self, score, user)
    class(topology), intent(inout) :: self
    procedure(espalier_score_f32) :: score
    type(c_ptr), intent(in), optional :: user
      !! Handed to the function, `c_null_ptr` by default.
    self%drop = of_caller(32, c_funloc(score), user)
  end subroutine

  subroutine set_drop_f64(self, score, user)
    class(topology), intent(inout) :: self
    procedure(espalier_score_f64) :: score
    type(c_ptr), intent(in), optional :: user
    self%drop = of_caller(64, c_funloc(score), user)
  end subroutine

  subroutine set_grow_f32(self, score, user)
    class(topology), intent(inout) :: self
    procedure(espalier_score_f32) :: score
    type(c_ptr), intent(in), optional :: user
    self%grow = of_caller(32, c_funloc(score), user)
  end subroutine

  subroutine set_grow_f64(self, score, user)
    class(topology), intent(inout) :: self
    procedure(espalier_score_f64) :: score
    type(c_ptr), intent(in), optional :: user
    self%grow = of_caller(64, c_funloc(score), user)
  end subroutine

  type(score_function) function of_caller(bits, address, user) result(score)
    integer, intent(in) :: bits
    type(c_funptr), intent(in) :: address
    type(c_ptr), intent(in), optional :: user
    score%bits = bits
    score%address = address
    if (present(user)) score%user = user
  end function

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
    associate (drop => description%drop, grow => description%grow)
      if (stat == espalier_ok .and. drop%bits == 32) then
        call conclude(espalier_topology_set_drop_f32(handle, drop%address, drop%user), stat, errmsg)
      else if (stat == espalier_ok .and. drop%bits == 64) then
        call conclude(espalier_topology_set_drop_f64(handle, drop%address, drop%user), stat, errmsg)
      end if
      if (stat == espalier_ok .and. grow%bits == 32) then
        call conclude(espalier_topology_set_grow_f32(handle, grow%address, grow%user), stat, errmsg)
      else if (stat == espalier_ok .and. grow%bits == 64) then
        call conclude(espalier_topology_set_grow_f64(handle, grow%address, grow%user), stat, errmsg)
      end if
    end associate
    if (stat /= espalier_ok) call discard(handle)
  end subroutine

  subroutine discard(handle)
    type(c_ptr), intent(inout) :: handle
    integer(c_int) :: ignored
    ignored = espalier_topology_destroy(handle)
    handle = c_null_ptr
  end subroutine

end module espalier_topologies
