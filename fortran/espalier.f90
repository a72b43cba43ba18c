!> Espalier: sparse neural networks, trained on the arrays of a Fortran program.
!>
!> ```fortran
!> net = network([input(784), linear(300, density=0.1, activation="relu"), linear(10)], loss="softmax_cross_entropy")
!> call net%set_optimizer(adam(learning_rate=0.001))
!> call net%set_topology(rigl(every=100, until=3000))
!> call net%train(images, labels, batch_size=128, epochs=10)
!> print *, net%accuracy(test_images, test_labels)
!> call net%destroy()
!> ```
module espalier
  use :: espalier_c, only: espalier_error_batch_too_large, espalier_error_buffer_too_small, espalier_error_busy, &
    espalier_error_invalid_argument, espalier_error_invalid_handle, espalier_error_invalid_state, &
    espalier_error_non_finite, espalier_error_null_argument, espalier_error_numerical, espalier_error_out_of_memory, &
    espalier_error_precision, espalier_error_stopped, espalier_error_unknown_name, espalier_layer_view, espalier_ok, &
    espalier_version
  use :: espalier_catalogue, only: list_kinds, list_options, option_description
  use :: espalier_convolution_layers, only: convolution, locally_connected, transposed_convolution
  use :: espalier_description, only: layer
  use :: espalier_fields, only: activation_layer, average_pooling, flatten, global_average_pooling, max_pooling, permute, &
    product_of, reshape_to, slice, upsampling
  use :: espalier_layers, only: concatenation_of, dropout, input, linear, sum_of
  use :: espalier_methods, only: acdc, deepr, dsr, gradual, granet, itop, mest, rigl, sampled, set, snfs, srigl, static, &
    str, top_kast
  use :: espalier_network, only: epoch_callback, network
  use :: espalier_norms, only: batch_norm, group_norm, layer_norm, normalization
  use :: espalier_optimizers, only: optimizer
  use :: espalier_prunings, only: fisher, grasp, obs, prune_magnitude, prune_random, pruning, snip, sparse_gpt, &
    synflow
  use :: espalier_sequences, only: attention, embedding, position, sequence_linear
  use :: espalier_rules, only: adagrad, adam, adamw, rmsprop, sgd
  use :: espalier_stencil_layers, only: grid_linear, mesh_linear
  use :: espalier_support, only: text_at
  use :: espalier_topologies, only: topology, topology_method
  implicit none
  private
  public :: acdc, adagrad, adam, adamw, concatenation_of, deepr, dropout, dsr, epoch_callback, espalier_error_batch_too_large, &
    espalier_error_buffer_too_small, espalier_error_busy, espalier_error_invalid_argument, &
    espalier_error_invalid_handle, espalier_error_invalid_state, espalier_error_non_finite, &
    espalier_error_null_argument, espalier_error_numerical, espalier_error_out_of_memory, espalier_error_precision, &
    espalier_error_stopped, espalier_error_unknown_name, espalier_ok, gradual, granet, input, itop, layer, &
    library_version, linear, mest, network, optimizer, rigl, rmsprop, sampled, set, sgd, snfs, srigl, static, str, &
    sum_of, top_kast, topology, topology_method
  public :: espalier_layer_view
  public :: batch_norm, group_norm, layer_norm, normalization
  public :: activation_layer, average_pooling, flatten, global_average_pooling, max_pooling, permute, product_of, reshape_to, &
    slice, upsampling
  public :: list_kinds, list_options, option_description
  public :: attention, embedding, position, sequence_linear
  public :: convolution, grid_linear, locally_connected, mesh_linear, transposed_convolution
  public :: fisher, grasp, obs, prune_magnitude, prune_random, pruning, snip, sparse_gpt, synflow

contains

  function library_version() result(version)
    !! The library's version, "major.minor.patch".
    character(:), allocatable :: version
    allocate (version, source=text_at(espalier_version()))
  end function

end module espalier
