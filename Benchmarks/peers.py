"""Other libraries' ways through the three passes of a linear layer, float32.

    Y = X W^T    dX = dY W    dW = dY^T X, by the sparse ones at the pattern's positions only

Each is given everything in the form that suits it, made beforehand and not timed: features of a sample contiguous for the
dense product, samples of a feature contiguous for the sparse ones, 64-byte alignment, output arrays where the library can
write into one, and a transposed copy of W where the library cannot multiply by the transpose as fast. (In training, that copy
would have to be brought up to date after each step.) Espalier is timed from and to arrays with a sample's features contiguous.
"""
import ctypes
import glob
import os
import sys
import warnings

import numpy as np
import scipy.sparse
import torch
import backend as sparseprop_backend

from library import address, aligned

warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
torch.sparse.check_sparse_tensor_invariants.disable()


class Problem:
    """A sparse W as compressed rows, x: (batch, inputs), dy: (batch, units); *_features: the same, transposed."""

    def __init__(self, row_start, rows, columns, values, x, dy):
        self.x, self.dy = x, dy
        self.x_features, self.dy_features = aligned(x.T), aligned(dy.T)
        self.units, self.inputs, self.batch = dy.shape[1], x.shape[1], x.shape[0]
        self.rows, self.columns = rows, columns
        self.csr = scipy.sparse.csr_matrix(
            (aligned(values), aligned(columns), aligned(row_start.astype(np.int32))), shape=(self.units, self.inputs))

    def transposed(self):
        t = self.csr.T.tocsr()
        return scipy.sparse.csr_matrix((aligned(t.data), aligned(t.indices), aligned(t.indptr)), shape=t.shape)


class TorchDense:
    name = "PyTorch dense"

    def __init__(self, problem):
        p, self.problem = problem, problem
        self.w, self.x, self.dy = (torch.from_numpy(a) for a in (aligned(p.csr.toarray()), p.x, p.dy))
        self.y, self.dx, self.dw = torch.empty_like(self.dy), torch.empty_like(self.x), torch.empty_like(self.w)

    def run(self):
        torch.mm(self.x, self.w.t(), out=self.y)
        torch.mm(self.dy, self.w, out=self.dx)
        torch.mm(self.dy.t(), self.x, out=self.dw)

    def results(self):
        return self.y.numpy(), self.dx.numpy(), self.dw.numpy()[self.problem.rows, self.problem.columns]


def torch_csr(matrix):
    return torch.sparse_csr_tensor(*(torch.from_numpy(a) for a in (matrix.indptr, matrix.indices, matrix.data)), matrix.shape)


class TorchCSR:
    name = "PyTorch CSR"

    def __init__(self, problem):
        p = problem
        self.w, self.wt = torch_csr(p.csr), torch_csr(p.transposed())
        self.x, self.dy = torch.from_numpy(p.x_features), torch.from_numpy(p.dy_features)

    def run(self):
        self.y = torch.sparse.mm(self.w, self.x)
        self.dx = torch.sparse.mm(self.wt, self.dy)
        self.dw = torch.sparse.sampled_addmm(self.w, self.dy, self.x.t(), beta=0.0)

    def results(self):
        return self.y.t().numpy(), self.dx.t().numpy(), self.dw.values().numpy()


class SciPy:
    """csr_matrix has no product sampled at a pattern; a gather by pieces that stay in cache stands for it."""
    name = "SciPy"
    PIECE = 2048

    def __init__(self, problem):
        p = self.problem = problem
        self.wt, self.dw = p.transposed(), aligned(p.csr.data)

    def run(self):
        p = self.problem
        self.y, self.dx = p.csr @ p.x_features, self.wt @ p.dy_features
        for first in range(0, self.dw.size, self.PIECE):
            piece = slice(first, first + self.PIECE)
            np.einsum("cs,cs->c", p.dy_features[p.rows[piece]], p.x_features[p.columns[piece]], out=self.dw[piece])

    def results(self):
        return self.y.T, self.dx.T, self.dw


class SparseProp:
    """The kernels alone, without the changes of layout that its module makes; both gradients come from one call."""
    name = "SparseProp"

    def __init__(self, problem):
        p = self.problem = problem
        self.y, self.dx, self.dw = aligned(p.dy_features), aligned(p.x_features), aligned(p.csr.data)

    def run(self):
        p, w = self.problem, self.problem.csr
        self.y.fill(0)
        sparseprop_backend.sparse_linear_vectorized_forward(p.x_features, w.indptr, w.indices, w.data, self.y)
        self.dx.fill(0)
        sparseprop_backend.sparse_linear_vectorized_backward(
            p.x_features, w.indptr, w.indices, w.data, p.dy_features, self.dx, self.dw)

    def results(self):
        return self.y.T, self.dx.T, self.dw


class MKL:
    """Inspector-executor handles for W and its transpose, PyTorch's sampled product for dW."""
    name = "MKL + sampled_addmm"
    NON_TRANSPOSE, ROW_MAJOR, GENERAL, ZERO_BASED = 10, 101, 20, 0
    _library = None

    class Description(ctypes.Structure):
        _fields_ = [("type", ctypes.c_int), ("mode", ctypes.c_int), ("diagonal", ctypes.c_int)]

    def __init__(self, problem):
        if MKL._library is None:
            os.environ["MKL_THREADING_LAYER"] = "INTEL"
            MKL._library = ctypes.CDLL(sorted(glob.glob(os.path.join(sys.prefix, "lib", "libmkl_rt.so*")))[-1])
            MKL._library.MKL_Set_Num_Threads(torch.get_num_threads())
        p = self.problem = problem
        self.description = self.Description(self.GENERAL, 0, 0)
        self.kept = []
        self.w, self.wt = self.handle(p.csr), self.handle(p.transposed())
        self.y, self.dx = aligned(p.dy_features), aligned(p.x_features)
        self.sampled = torch_csr(p.csr)
        self.x_torch, self.dy_torch = torch.from_numpy(p.x_features).t(), torch.from_numpy(p.dy_features)

    def __del__(self):
        for handle in (self.w, self.wt):
            self._library.mkl_sparse_destroy(handle)

    @staticmethod
    def check(status):
        if status:
            raise RuntimeError(f"MKL: status {status}")

    def handle(self, m):
        handle, c = ctypes.c_void_p(), ctypes.c_int
        self.kept.append(m)
        starts = m.indptr.ctypes.data
        self.check(self._library.mkl_sparse_s_create_csr(
            ctypes.byref(handle), c(self.ZERO_BASED), c(m.shape[0]), c(m.shape[1]), ctypes.c_void_p(starts),
            ctypes.c_void_p(starts + 4), address(m.indices), address(m.data)))
        # A hint that a matrix does not take is no failure.
        self._library.mkl_sparse_set_mm_hint(
            handle, c(self.NON_TRANSPOSE), self.description, c(self.ROW_MAJOR), c(self.problem.batch), c(1000))
        self.check(self._library.mkl_sparse_optimize(handle))
        return handle

    def multiply(self, handle, source, result):
        c, width = ctypes.c_int, ctypes.c_int(self.problem.batch)
        self.check(self._library.mkl_sparse_s_mm(
            c(self.NON_TRANSPOSE), ctypes.c_float(1), handle, self.description, c(self.ROW_MAJOR), address(source), width,
            width, ctypes.c_float(0), address(result), width))

    def run(self):
        self.multiply(self.w, self.problem.x_features, self.y)
        self.multiply(self.wt, self.problem.dy_features, self.dx)
        self.dw = torch.sparse.sampled_addmm(self.sampled, self.dy_torch, self.x_torch, beta=0.0)

    def results(self):
        return self.y.T, self.dx.T, self.dw.values().numpy()
