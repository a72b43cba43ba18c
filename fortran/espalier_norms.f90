!> Descriptions of norms: what [[batch_norm]], [[layer_norm]], [[group_norm]] and [[normalization]] return and the constructor of a
!> network takes.
module espalier_norms
  use :: espalier_c, only: espalier_layer_batch_norm, espalier_layer_group_norm, espalier_layer_layer_norm, &
    espalier_layer_normalization
  use :: espalier_description, only: described, give, layer
  implicit none
  private
  public :: batch_norm, group_norm, layer_norm, normalization

contains

  type(layer) function batch_norm(momentum, epsilon, affine, from) result(description)
    !! Each channel less its mean over the samples of the batch and the places, divided by its deviation; then times a weight and
    !! plus a bias. In inference by running statistics, which `layer_state` shows as "running_mean" and "running_variance".
    class(*), intent(in), optional :: momentum
      !! How far a training batch moves the running statistics (0.1), in [0, 1].
    class(*), intent(in), optional :: epsilon
      !! Is added to the variance (1e-5); above 0.
    logical, intent(in), optional :: affine
      !! Whether there are weights and biases (1).
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_batch_norm, from)
    call give(description, "momentum", momentum)
    call give(description, "epsilon", epsilon)
    call give(description, "affine", affine)
  end function

  type(layer) function layer_norm(per_place, epsilon, affine, from) result(description)
    !! Each sample less its mean, divided by its deviation; then times a weight and plus a bias, one for each value.
    logical, intent(in), optional :: per_place
      !! Over the channels of each place, with a weight and a bias for each channel, as transformers have it for a sequence (0).
    class(*), intent(in), optional :: epsilon
      !! Is added to the variance (1e-5); above 0.
    logical, intent(in), optional :: affine
      !! Whether there are weights and biases (1).
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_layer_norm, from)
    call give(description, "per_place", per_place)
    call give(description, "epsilon", epsilon)
    call give(description, "affine", affine)
  end function

  type(layer) function group_norm(groups, epsilon, affine, from) result(description)
    !! Each group of a sample's channels less its mean over them and the places, divided by its deviation; then times a weight and
    !! plus a bias, one for each channel.
    integer, intent(in) :: groups
      !! How many; they divide the channels.
    class(*), intent(in), optional :: epsilon
      !! Is added to the variance (1e-5); above 0.
    logical, intent(in), optional :: affine
      !! Whether there are weights and biases (1).
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_group_norm, from)
    call give(description, "groups", groups)
    call give(description, "epsilon", epsilon)
    call give(description, "affine", affine)
  end function

  type(layer) function normalization(inverse, per_place, from) result(description)
    !! (x - mean) / deviation by numbers that training leaves alone: `fit` takes them from samples, `layer_state` shows them as
    !! "mean" and "deviation".
    logical, intent(in), optional :: inverse
      !! x deviation + mean instead, for outputs in physical units (0).
    logical, intent(in), optional :: per_place
      !! One mean and deviation for each value of a sample, instead of each channel (0).
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_normalization, from)
    call give(description, "inverse", inverse)
    call give(description, "per_place", per_place)
  end function

end module espalier_norms
