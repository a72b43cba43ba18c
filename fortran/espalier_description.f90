!> What a layer's description is made of, and how it is added to a network. The constructors of descriptions are in
!> espalier_layers and the modules beside it.
module espalier_description
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_int, c_int64_t, c_loc, c_null_char, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use :: espalier_c, only: espalier_error_invalid_argument, espalier_error_precision, espalier_layer_input, &
    espalier_layer_locally_connected, espalier_layer_set_pattern_coo_f32, espalier_layer_set_pattern_coo_f64, &
    espalier_layer_set_pattern_csr_f32, espalier_layer_set_pattern_csr_f64, espalier_layer_shape, &
    espalier_layer_transposed_convolution, espalier_network_add_layer, espalier_ok
  use :: espalier_stencils, only: set_stencil, stencil
  use :: espalier_support, only: check_extent, conclude, named, refuse, text_of, to_real64
  implicit none
  private
  public :: add_layer, described, give, give_pattern, give_sides, give_stencil, give_to_dimensions, is_input
  public :: joining, layer, most_lengths, shape_of, shaped

  integer, parameter :: most_inputs = 16
  integer, parameter :: most_options = 32
  integer, parameter :: most_lengths = 4
  integer, parameter :: name_length = 32

  character(*), parameter :: activations(0:16) = [character(name_length) :: &
    "identity", "relu", "leaky_relu", "gelu", "silu", "sigmoid", "tanh", "softmax", "softplus", "softsign", "elu", "celu", &
    "hard_sigmoid", "hard_tanh", "relu6", "mish", "step"]
  character(*), parameter :: initializers(0:5) = [character(name_length) :: &
    "he_uniform", "he_normal", "glorot_uniform", "glorot_normal", "orthogonal", "zeros"]
  character(*), parameter :: dimensions(0:3) = [character(name_length) :: "channels", "width", "height", "depth"]
  character(*), parameter :: modes(0:1) = [character(name_length) :: "nearest", "linear"]

  character(*), parameter :: padding_modes(0:3) = [character(name_length) :: "zeros", "periodic", "reflect", "replicate"]

  !> Dimensions of a field in the order of an array's, and the sides of each.
  character(*), parameter :: dimension_names(3) = [character(name_length) :: "width", "height", "depth"]
  character(*), parameter :: side_names(6) = [character(name_length) :: "left", "right", "top", "bottom", "front", "back"]

  !> One option by name.
  type :: option
    character(name_length) :: name = ""
    real(real64) :: value = 0
    logical :: is_number = .true.
      !! Whether the caller gave a number.
    logical :: is_name = .false.
      !! Whether the caller gave one of the names that the option's values have.
    character(name_length) :: text = ""
    character(name_length) :: wanted = "a number"
      !! What the message says when it is none.
  end type

  !> The description of one layer, a plain value: its kind and the options that the caller gave. It owns nothing: a pattern given
  !> by the caller is pointed to, because gfortran 12 never frees the allocatable components of function results inside an array
  !> constructor.
  type :: layer
    private
    integer :: kind = -1
    integer :: option_count = 0
    type(option) :: options(most_options)
    integer :: length_count = 0
      !! Dimensions of an input: 1 of a vector.
    integer(int64) :: lengths(most_lengths) = 0
      !! Of an input, the fastest dimension first, channels last.
    integer(int32), pointer, contiguous :: rows(:) => null()
    integer(int32), pointer, contiguous :: columns(:) => null()
    integer(int64), pointer, contiguous :: row_start(:) => null()
    real(real32), pointer, contiguous :: values_f32(:) => null()
    real(real64), pointer, contiguous :: values_f64(:) => null()
    integer :: base = 1
    type(stencil) :: around
      !! In the place of a pattern.
    integer :: input_count = 0
      !! Layers that it takes from; 0 for the entry before it.
    integer(int64) :: inputs(most_inputs) = 0
  end type

contains

  type(layer) function described(kind, from) result(description)
    !! A layer of a kind without any option given.
    integer(c_int), intent(in) :: kind
    integer, intent(in), optional :: from
    if (present(from)) then
      description = joining(kind, [from])
    else
      description%kind = kind
    end if
  end function

  type(layer) function shaped(kind, shape, from) result(description)
    !! A layer of a kind whose options are the lengths of a field, channels last.
    integer(c_int), intent(in) :: kind
    integer, intent(in) :: shape(:)
    integer, intent(in), optional :: from
    integer :: i
    description = described(kind, from)
    description%length_count = size(shape)
    do i = 1, min(size(shape), most_lengths)
      description%lengths(i) = shape(i)
    end do
    if (size(shape) >= 1) call give(description, "channels", shape(size(shape)))
    if (size(shape) >= 2) call give(description, "width", shape(1))
    if (size(shape) >= 3) call give(description, "height", shape(2))
    if (size(shape) >= 4) call give(description, "depth", shape(3))
    if (size(shape) >= 5) call give(description, "a fourth dimension", shape(4))
  end function

  type(layer) function joining(kind, from) result(description)
    !! A layer of a kind that takes from these.
    integer(c_int), intent(in) :: kind
    integer, intent(in) :: from(:)
    integer :: i
    description%kind = kind
    description%input_count = size(from)
    do i = 1, min(size(from), most_inputs)
      description%inputs(i) = from(i)
    end do
  end function

  subroutine give(description, name, value)
    !! Give an option its value, if there is one: a number of any kind, a truth value, or a name.
    type(layer), intent(inout) :: description
    character(*), intent(in) :: name
    class(*), intent(in), optional :: value
    integer :: place
    if (.not. present(value)) return
    place = description%option_count + 1
    description%option_count = place
    description%options(place)%name = name
    select type (value)
    type is (logical)
      description%options(place)%value = merge(1.0_real64, 0.0_real64, value)
    type is (character(*))
      description%options(place)%is_name = .true.
      description%options(place)%text = value
    class default
      call to_real64(value, description%options(place)%value, description%options(place)%is_number)
    end select
  end subroutine

  subroutine give_to_dimensions(description, name, dimensions, values, names)
    !! Give an option of each of the first dimensions its value, if there are values: one each, or one for all.
    type(layer), intent(inout) :: description
    character(*), intent(in) :: name
    integer, intent(in) :: dimensions
    integer, intent(in), optional :: values(:)
    character(*), intent(in), optional :: names(:)
    integer :: i, count
    count = 0
    if (present(values)) then
      count = size(values)
    else if (present(names)) then
      count = size(names)
    else
      return
    end if
    if (dimensions > 3 .or. dimensions < 1 .or. (count /= 1 .and. count /= dimensions)) then
      call give_wrong(description, name, "1 or as many values as kernel")
      return
    end if
    do i = 1, dimensions
      if (present(values)) then
        call give(description, name // "_" // trim(dimension_names(i)), values(min(i, count)))
      else
        call give(description, name // "_" // trim(dimension_names(i)), names(min(i, count)))
      end if
    end do
  end subroutine

  subroutine give_sides(description, name, dimensions, values)
    !! The same with an option for both sides of each dimension: one value for all, one a dimension, or two.
    type(layer), intent(inout) :: description
    character(*), intent(in) :: name
    integer, intent(in) :: dimensions
    integer, intent(in), optional :: values(:)
    integer :: i
    if (.not. present(values)) return
    if (dimensions > 3 .or. all(size(values) /= [1, dimensions, 2 * dimensions])) then
      call give_wrong(description, name, "1, or 1 or 2 values a dimension")
      return
    end if
    do i = 1, 2 * dimensions
      call give(description, name // "_" // trim(side_names(i)), values(1 + (i - 1) * size(values) / (2 * dimensions)))
    end do
  end subroutine

  subroutine give_wrong(description, name, wanted)
    !! Have the layer refused when it is added.
    type(layer), intent(inout) :: description
    character(*), intent(in) :: name, wanted
    call give(description, name, 0)
    description%options(description%option_count)%is_number = .false.
    description%options(description%option_count)%wanted = wanted
  end subroutine

  subroutine give_pattern(description, rows, columns, row_start, values_f32, values_f64, base)
    !! Point to the parts of a pattern that are present.
    type(layer), intent(inout) :: description
    integer(int32), pointer, intent(in), contiguous, optional :: rows(:), columns(:)
    integer(int64), pointer, intent(in), contiguous, optional :: row_start(:)
    real(real32), pointer, intent(in), contiguous, optional :: values_f32(:)
    real(real64), pointer, intent(in), contiguous, optional :: values_f64(:)
    integer, intent(in), optional :: base
    if (present(rows)) description%rows => rows
    if (present(columns)) description%columns => columns
    if (present(row_start)) description%row_start => row_start
    if (present(values_f32)) description%values_f32 => values_f32
    if (present(values_f64)) description%values_f64 => values_f64
    if (present(base)) description%base = base
  end subroutine

  subroutine give_stencil(description, around)
    !! Have the pattern made of a stencil.
    type(layer), intent(inout) :: description
    type(stencil), intent(in) :: around
    description%around = around
  end subroutine

  subroutine add_layer(network, precision, position, description, stat, errmsg)
    !! Add the layer of that number to a network that is not built yet.
    type(c_ptr), intent(in) :: network
    integer, intent(in) :: precision
      !! real32 or real64
    integer(int64), intent(in) :: position
    type(layer), intent(in) :: description
    integer, intent(out) :: stat
    character(*), intent(inout) :: errmsg
    character(6 + len(text_of(position))) :: where
    where = "layer " // text_of(position)
    stat = espalier_ok
    if (description%input_count > most_inputs) then
      call refuse(espalier_error_invalid_argument, where // ": from must have at most " // text_of(most_inputs) // &
                  " layers, got " // text_of(description%input_count), stat, errmsg)
    else
      call add_kind(description%option_count)
      if (stat == espalier_ok) call set_pattern(network, precision, position, description, where, stat, errmsg)
      if (stat == espalier_ok) call set_stencil(network, position, description%around, where, stat, errmsg)
    end if

  contains

    subroutine add_kind(count)
      integer, intent(in) :: count
      character(kind=c_char), target :: texts(name_length + 1, count)
      type(c_ptr) :: names(count)
      real(c_double) :: values(count)
      integer :: i, j
      do i = 1, count
        call resolve(description%options(i), values(i))
        if (stat /= espalier_ok) return
        do j = 1, len_trim(description%options(i)%name)
          texts(j, i) = description%options(i)%name(j:j)
        end do
        texts(len_trim(description%options(i)%name) + 1, i) = c_null_char
        names(i) = c_loc(texts(1, i))
      end do
      call conclude(espalier_network_add_layer(network, int(description%kind, c_int), &
                                               int(description%input_count, c_int64_t), description%inputs, &
                                               int(count, c_int64_t), names, values), stat, errmsg)
    end subroutine

    subroutine resolve(given, value)
      !! The number that the library knows an option's value by.
      type(option), intent(in) :: given
      real(c_double), intent(out) :: value
      integer(c_int) :: choice
      choice = 0
      value = given%value
      if (given%is_name) then
        select case (given%name)
        case ("activation")
          call named(given%text, activations, where // ": activation", choice, stat, errmsg)
        case ("initializer")
          call named(given%text, initializers, where // ": initializer", choice, stat, errmsg)
        case ("dimension", "dimension_channels", "dimension_width", "dimension_height", "dimension_depth")
          call named(given%text, dimensions, where // ": " // trim(given%name), choice, stat, errmsg)
        case ("mode")
          call named(given%text, modes, where // ": mode", choice, stat, errmsg)
        case ("padding_mode_width", "padding_mode_height", "padding_mode_depth")
          call named(given%text, padding_modes, where // ": padding_mode", choice, stat, errmsg)
        case default
          call refuse_number(given)
        end select
        value = choice
      else if (.not. given%is_number) then
        call refuse_number(given)
      end if
    end subroutine

    subroutine refuse_number(given)
      type(option), intent(in) :: given
      call refuse(espalier_error_invalid_argument, where // ": " // trim(given%name) // " must be " // trim(given%wanted), &
                  stat, errmsg)
    end subroutine

  end subroutine

  subroutine set_pattern(network, precision, position, given, where, stat, errmsg)
    !! Hand over a pattern that the caller gave. A values pointer that points nowhere is an absent argument.
    type(c_ptr), intent(in) :: network
    integer, intent(in) :: precision
    integer(int64), intent(in) :: position
    type(layer), intent(in) :: given
    character(*), intent(in) :: where
    integer, intent(out) :: stat
    character(*), intent(inout) :: errmsg
    integer(int64) :: connections, rows
    integer(c_int) :: status
    stat = espalier_ok
    if (.not. associated(given%columns)) then
      if (associated(given%rows) .or. associated(given%row_start) .or. associated(given%values_f32) .or. &
          associated(given%values_f64)) then
        call refuse(espalier_error_invalid_argument, where // ": a pattern needs columns", stat, errmsg)
      end if
      return
    end if
    if (associated(given%rows) .eqv. associated(given%row_start)) then
      call refuse(espalier_error_invalid_argument, where // ": a pattern needs either rows or row_start beside columns", &
                  stat, errmsg)
      return
    end if
    if (merge(associated(given%values_f64), associated(given%values_f32), precision == real32)) then
      call refuse(espalier_error_precision, where // ": values must have the network's precision", stat, errmsg)
      return
    end if
    connections = size(given%columns, kind=int64)
    if (associated(given%values_f32)) then
      if (.not. check_extent(where, "size(values)", size(given%values_f32, kind=int64), "size(columns)", connections, &
                             stat, errmsg)) return
    end if
    if (associated(given%values_f64)) then
      if (.not. check_extent(where, "size(values)", size(given%values_f64, kind=int64), "size(columns)", connections, &
                             stat, errmsg)) return
    end if
    if (associated(given%rows)) then
      if (.not. check_extent(where, "size(rows)", size(given%rows, kind=int64), "size(columns)", connections, stat, &
                             errmsg)) return
      if (precision == real32) then
        status = espalier_layer_set_pattern_coo_f32(network, position, connections, given%rows, given%columns, &
                                                    given%values_f32, int(given%base, c_int))
      else
        status = espalier_layer_set_pattern_coo_f64(network, position, connections, given%rows, given%columns, &
                                                    given%values_f64, int(given%base, c_int))
      end if
    else
      rows = rows_of(network, position, given)
      if (.not. check_extent(where, "size(row_start)", size(given%row_start, kind=int64), "units + 1", rows + 1, stat, &
                             errmsg)) return
      if (.not. check_extent(where, "last row_start - base", given%row_start(rows + 1) - given%base, &
                             "size(columns)", connections, stat, errmsg)) return
      if (precision == real32) then
        status = espalier_layer_set_pattern_csr_f32(network, position, given%row_start, given%columns, given%values_f32, &
                                                    int(given%base, c_int))
      else
        status = espalier_layer_set_pattern_csr_f64(network, position, given%row_start, given%columns, given%values_f64, &
                                                    int(given%base, c_int))
      end if
    end if
    call conclude(status, stat, errmsg)
  end subroutine

  logical function is_input(description)
    !! Whether a description came from [[input]].
    type(layer), intent(in) :: description
    is_input = description%kind == espalier_layer_input
  end function

  subroutine shape_of(description, count, lengths)
    !! Lengths of an input's dimensions as the library takes them: channels first, then the slowest dimension to the fastest.
    type(layer), intent(in) :: description
    integer, intent(out) :: count
      !! Dimensions; more than `lengths` holds when the caller gave too many.
    integer(int64), intent(out) :: lengths(most_lengths)
    integer :: i
    count = description%length_count
    lengths = 0
    do i = 1, min(count, most_lengths)
      lengths(i) = description%lengths(min(count, most_lengths) + 1 - i)
    end do
  end subroutine

  integer(int64) function rows_of(network, position, given)
    !! Units of a linear layer, filters of a convolution, channels that a transposed one is given, outputs of a locally connected
    !! layer.
    type(c_ptr), intent(in) :: network
    integer(int64), intent(in) :: position
    type(layer), intent(in) :: given
    integer(int64) :: lengths(most_lengths), count, number
    integer(c_int) :: status
    number = position
    if (given%kind == espalier_layer_transposed_convolution) number = merge(given%inputs(1), position - 1, given%input_count > 0)
    count = 0
    status = espalier_layer_shape(network, number, int(most_lengths, int64), lengths, count)
    rows_of = -1
    if (status /= espalier_ok) return
    rows_of = lengths(1)
    if (given%kind == espalier_layer_locally_connected) rows_of = product(lengths(:count))
  end function

end module espalier_description
