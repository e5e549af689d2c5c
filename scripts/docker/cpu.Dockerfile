# The CPU program, for any x86-64-v3 processor. From the top of the repository:
#   git archive HEAD | docker build -f scripts/docker/cpu.Dockerfile -t lanet-cuda:cpu -
#   docker run --rm -v "$PWD:/work" lanet-cuda:cpu doctor
FROM debian:12 AS build
WORKDIR /lanet-cuda
COPY . .
RUN scripts/setup program
RUN cmake --preset package && cmake --build --preset package && cpack --preset package

FROM debian:12-slim
COPY --from=build /lanet-cuda/build/package/*.deb /tmp/
RUN apt-get update -q && apt-get install -q -y --no-install-recommends /tmp/*.deb && rm -r /tmp/*.deb /var/lib/apt/lists/*
WORKDIR /work
ENTRYPOINT ["lanet-cuda"]
CMD ["--help"]
