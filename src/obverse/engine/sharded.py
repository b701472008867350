"""Models of which each process holds a share of every weight (torch's `fully_shard`, FSDP2).

The weights of a block are brought together while it computes, and let go afterwards. Whoever asks for
whole weights (`whole`, `whole_state`) has to do so in all processes.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from obverse.core.errors import ObverseError
from obverse.engine import group


def shard(model: nn.Module) -> None:
    """Keep of a model this process's share, on its device. Nothing is sent for that.

    Gradients are summed over the processes, so that the loss of each is to be its part of a sum.

    Raises:
        ObverseError: if torch is too old, or the loss of such a model is not that of a batch's tokens.
    """
    if getattr(getattr(model, "config", None), "is_encoder_decoder", False):
        raise ObverseError(f"{type(model).__name__}: an encoder-decoder is trained by one process")
    if not hasattr(FSDPModule, "set_force_sum_reduction_for_comms"):
        raise ObverseError(f"one run in several processes needs a later torch than {torch.__version__}")
    for module in (*_blocks(model), model):
        # Let go after each use, so that between two steps all parameters are the shares.
        fully_shard(module, mesh=group.mesh(), reshard_after_forward=True)
        assert isinstance(module, FSDPModule)
        module.set_gradient_divide_factor(1.0)
        module.set_force_sum_reduction_for_comms(True)
    # By its class's name and module transformers knows under which names a model's weights are saved.
    kind, own = type(model), own_class(model)
    kind.__name__, kind.__qualname__, kind.__module__ = own.__name__, own.__qualname__, own.__module__
    model.register_forward_hook(_agree)


def _blocks(model: nn.Module) -> list[nn.Module]:
    """Return the layers of a model: what is in its outermost lists of modules."""
    found: list[nn.Module] = []
    for module in model.children():
        found += list(module) if isinstance(module, nn.ModuleList) else _blocks(module)
    return found


def _agree(module: nn.Module, args: Any, output: Any) -> None:
    """Give all processes the logits of the first.

    What is asked next hangs on answers. Should two processes round otherwise and one of them ask
    something else, they would wait for each other without end.
    """
    logits = getattr(output, "logits", None)
    if isinstance(logits, Tensor) and not torch.is_grad_enabled():
        same = logits.contiguous()
        torch.distributed.broadcast(same, src=0)
        if same is not logits:
            logits.copy_(same)


def own_class(model: nn.Module) -> Any:
    """Return the class that a model had before it was sharded."""
    return next(kind for kind in type(model).__mro__ if not issubclass(kind, FSDPModule))


def whole(tensor: Tensor) -> Tensor:
    """Return a tensor that may be spread over the processes in one piece."""
    full: Tensor = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
    return full


def whole_state(model: nn.Module) -> dict[str, Tensor]:
    """Return a model's whole weights in main memory in the first process, and nothing in the others."""
    first_names: dict[int, str] = {}
    names = {
        name: first_names.setdefault(id(parameter), name)
        for name, parameter in model.named_parameters(remove_duplicate=False)
    }
    state: dict[str, Tensor] = {}
    for name, tensor in model.state_dict().items():
        if (same := names.get(name, name)) != name:  # tied: one tensor of several names
            state |= {name: state[same]} if same in state else {}
            continue
        full = whole(tensor.detach())
        if group.rank() == 0:
            state[name] = full.cpu()
    return state


@torch.no_grad()
def put(model: nn.Module, state: dict[str, Tensor]) -> None:
    """Give a model whole weights, of which this process keeps its share."""
    for name, tensor in model.state_dict().items():
        full = state[name].to(tensor.device, tensor.dtype)
        tensor.copy_(share(full, tensor))


def share(full: Tensor, like: Tensor) -> Tensor:
    """Return of a whole tensor what this process has of `like`, which is of the same shape."""
    if not isinstance(like, DTensor):
        return full
    return distribute_tensor(full, like.device_mesh, like.placements, src_data_rank=None)


def whole_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> dict[str, Any]:
    """Return an optimizer's state with whole tensors in main memory, as one process would save it.

    It is a hook of `state_dict`. In all processes but the first nothing is left.
    """
    of_parameters: dict[int, dict[str, Any]] = {}
    for number, values in state["state"].items():
        of_parameters[number] = {}
        for key, value in values.items():
            full = whole(value) if isinstance(value, Tensor) else value
            if group.rank() == 0:
                of_parameters[number][key] = full.cpu() if isinstance(full, Tensor) else full
    return state | {"state": of_parameters}


def share_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> dict[str, Any]:
    """Return this process's share of a whole optimizer's state. It is a hook of `load_state_dict`."""
    parameters = [p for each in optimizer.param_groups for p in each["params"]]
    numbers = [n for each in state["param_groups"] for n in each["params"]]
    found = {}
    for number, parameter in zip(numbers, parameters, strict=True):
        found[number] = {
            key: share(value.to(parameter.device), parameter)
            if isinstance(value, Tensor) and value.shape == parameter.shape and value.dim()
            else value
            for key, value in state["state"].get(number, {}).items()
        }
    return state | {"state": found}
