!> The network as module [[espalier]] offers it: its constructor, and training over epochs.
!>
!> In every procedure: `stat` receives [[espalier_ok]] or an error status and `errmsg` (of any length, changed by a failure
!> only) its message; without `stat` a failure is an `error stop` with the message. `layer` counts from 1 in the order of the
!> constructor, [[input]] not counted; without it every layer is meant. Numbers given as `class(*)` are reals of either
!> kind, or integers.
!>
!> Arrays of samples are of the network's precision and of any rank: (features, samples) of vectors, (width, height, channels,
!> samples) of fields, with one or three dimensions accordingly. A field may also be flat, (features, samples), and may lack its
!> channels where there is one. An array without the last dimension is one sample. Class numbers are labels(samples), and
!> labels(width, height, samples) where the outputs are a field. Non-contiguous array arguments work and cost a copy.
module espalier_network
  use, intrinsic :: iso_c_binding, only: c_ptr
  use :: espalier_c, only: espalier_densities, espalier_ok
  use :: espalier_construction, only: construct
  use :: espalier_description, only: layer
  use :: espalier_inputs, only: network_inputs
  use :: espalier_shapes, only: array_shape
  use :: espalier_steps, only: epoch_callback
  use :: espalier_support, only: finish, message_length
  implicit none
  private
  public :: epoch_callback, network

  !> Layers, patterns, parameters, optimizers and workspace behind one variable, made and built by the constructor of the
  !> same name. An assignment shares: both variables are then the same network, which lives until the last of them is
  !> finalized, assigned to or destroyed. Variables of the main program are never finalized: end with `call net%destroy()`.
  !> A defined assignment allocates nothing: allocate an array of networks before `nets = [network(...), network(...)]`.
  !> Copies that are no assignments of networks, as those of `allocate (copy, source=net)`, own nothing: they may be used while
  !> an owner lives, and nothing happens when they go.
  !>
  !> gfortran 12 has three gaps in finalization. A function of one's own that returns a network leaks it: write a subroutine.
  !> `network(...)` as an argument of a call leaks it: assign it to a variable first. The assignment of a whole object that has
  !> a network as a component may lose it: assign the component.
  type, extends(network_inputs) :: network
  end type

  interface network
    module procedure new_network
  end interface

contains

  function new_network(layers, loss, seed, max_batch, precision, distribution, density, threads, power, epsilon, densities, &
                       user, stat, errmsg) result(net)
    !! Describe and build a network. After a failure (with `stat`) the result holds none.
    type(layer), intent(in) :: layers(:)
      !! [[input]] first, then the layers in the order in which data passes them: the first after it is number 1.
    character(*), intent(in), optional :: loss
      !! "mean_squared_error" (default), "softmax_cross_entropy", "binary_cross_entropy" (both from logits), "huber".
    integer, intent(in), optional :: seed
      !! Of every random draw (0): same seed, same program, same bits.
    integer, intent(in), optional :: max_batch
      !! The largest batch of train_step, forward and train (1024); the workspace grows with it.
    integer, intent(in), optional :: precision
      !! real32 (default) or real64, the kinds of iso_fortran_env.
    character(*), intent(in), optional :: distribution
      !! How `density` is spread: "uniform" (default), "erdos_renyi", "erdos_renyi_kernel", "first_dense".
    class(*), intent(in), optional :: density
      !! Of the whole network, in (0, 1]: takes the place of the layers' own densities.
    integer, intent(in), optional :: threads
      !! 0 (default): the environment's ESPALIER_NUM_THREADS, or else the cores that the process may use.
    class(*), intent(in), optional :: power
      !! Of (in + out) / (in out) in the Erdos-Renyi distributions (1).
    class(*), intent(in), optional :: epsilon
      !! SET's: each layer has the density epsilon (in + out) / (in out), in the place of its own.
    procedure(espalier_densities), optional :: densities
      !! A `bind(c)` function that fills in the densities, in the place of the layers' own. Like a distribution it leaves layers
      !! with `fixed_density` or a pattern alone.
    type(c_ptr), intent(in), optional :: user
      !! Handed to `densities`.
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(network) :: net
    type(c_ptr) :: handle
    type(array_shape) :: inputs, outputs
    integer :: status
    character(message_length) :: message
    call construct(layers, loss, seed, max_batch, precision, distribution, density, threads, power, epsilon, densities, &
                   user, handle, inputs, outputs, status, message)
    if (status == espalier_ok) call net%adopt(handle, inputs, outputs)
    call finish(status, message, stat, errmsg)
  end function

end module espalier_network
