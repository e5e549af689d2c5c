# The CUDA program, for every supported GPU. From the top of the repository:
#   git archive HEAD | docker build -f scripts/docker/cuda.Dockerfile -t lanet-cuda:cuda -
#   docker run --rm --gpus all -v "$PWD:/work" lanet-cuda:cuda doctor
# NVIDIA's images are not based on Debian. That of Ubuntu 24.04 has the toolkit, cuDNN and NCCL; Ubuntu's
# oneDNN is too new, so computing on the CPU is slow in this image.
FROM nvidia/cuda:13.0.2-cudnn-devel-ubuntu24.04 AS build
WORKDIR /lanet-cuda
COPY . .
RUN scripts/setup program
RUN cmake --preset release -DBUILD_TESTING=OFF && cmake --build --preset release && cmake --install build/release --prefix /opt/lanet-cuda

FROM nvidia/cuda:13.0.2-cudnn-runtime-ubuntu24.04
RUN apt-get update -q && apt-get install -q -y --no-install-recommends libfmt9 libgomp1 libwebp7 libzip4t64 && rm -r /var/lib/apt/lists/*
COPY --from=build /opt/lanet-cuda /opt/lanet-cuda
ENV PATH=/opt/lanet-cuda:$PATH NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /work
ENTRYPOINT ["lanet-cuda"]
CMD ["--help"]
